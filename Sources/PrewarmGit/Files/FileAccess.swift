import Glibc

/// Replaces the contents of a file. Returns false if the file cannot be written.
func replaceFile(_ path: String, _ text: String) -> Bool {
    guard let file = fopen(path, "we") else { return false }
    let isWritten = fputs(text, file) >= 0
    return fclose(file) == 0 && isWritten
}

/// Returns the bytes of a file, or nil if it is not readable or larger than `limit` bytes.
func readFile(_ path: String, limit: Int) -> [UInt8]? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 64 << 10)
    var count = 0
    while true {
        if count == bytes.count { bytes += [UInt8](repeating: 0, count: bytes.count) }
        let read = bytes.withUnsafeMutableBytes { fread($0.baseAddress.map { $0 + count }, 1, $0.count - count, file) }
        count += read
        if count > limit || ferror(file) != 0 { return nil }
        if read == 0 { return Array(bytes[..<count]) }
    }
}

/// Returns the names of the entries of a folder; empty if it is not readable.
func entryNames(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        // Read the name in place: the entry is only as long as its name, so a copy could read beyond the buffer.
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}

/// Removes a file or a folder with its contents. It does not follow symbolic links, and ignores what it cannot
/// remove.
func removeTree(_ path: String) {
    guard unlink(path) != 0, errno == EISDIR || errno == EPERM else { return }
    for name in entryNames(in: path) { removeTree(path + "/" + name) }
    rmdir(path)
}

/// Creates a folder with a unique name. Returns its path; nil if it cannot be created.
/// - Parameter template: The path, which ends in `XXXXXX`.
func makeTemporaryFolder(_ template: String) -> String? {
    var name = Array(template.utf8CString)
    let isMade = name.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } != nil }
    return isMade ? String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
}
