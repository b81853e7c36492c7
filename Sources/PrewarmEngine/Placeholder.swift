enum PlaceholderPrewarmEngine {}
