enum PlaceholderPrewarmGit {}
