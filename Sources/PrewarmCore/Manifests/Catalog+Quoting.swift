extension Catalog {
    /// Adds excerpts to diagnostics that have none: those of references between files.
    /// - Parameter bytes: returns the content of a file; nil if it is not available.
    package mutating func quote(_ bytes: (_ path: String) -> [UInt8]?) {
        for path in unquotedPaths {
            guard let bytes = bytes(path) else { continue }
            let indices = diagnostics.indices.filter { diagnostics[$0].file == path }
            var quoted = indices.map { diagnostics[$0] }
            quoted.quote(bytes)
            for (index, diagnostic) in zip(indices, quoted) { diagnostics[index] = diagnostic }
        }
    }

    /// The paths of the first 100 files with diagnostics that have no excerpt. Excerpts of more files are of little
    /// use.
    package var unquotedPaths: [String] {
        var paths: [String] = []
        for diagnostic in diagnostics where diagnostic.excerpt == nil && diagnostic.position != nil {
            if paths.last != diagnostic.file { paths.append(diagnostic.file) }
            if paths.count == 100 { break }
        }
        return paths
    }
}
