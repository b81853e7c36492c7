enum PlaceholderPrewarmCommands {}
