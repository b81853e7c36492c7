enum PlaceholderPrewarmSQLite {}
