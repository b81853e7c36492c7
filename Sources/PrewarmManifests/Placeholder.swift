enum PlaceholderPrewarmManifests {}
