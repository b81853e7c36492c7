enum PlaceholderPrewarmProvisioners {}
