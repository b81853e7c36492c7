import PrewarmCore

extension EngineIdentity {
    /// An error of the engine with its next step.
    struct Refusal {
        let status: Int
        let message: String
        let hint: String?
        /// True if the disk of the engine is full.
        var isFull = false
    }

    /// Returns the error of the engine in plain words. The engines have no codes, so known parts of their texts are looked
    /// for. Any other text is passed on.
    func failure(_ text: String, status: Int) -> Refusal {
        let text = text.withoutSecrets.printable.limited(to: 600)
        let (message, hint) = words(text)
        return Refusal(
            status: status, message: message, hint: hint,
            isFull: text.lowercased().contains("no space left on device"))
    }

    private func words(_ text: String) -> (String, hint: String?) {
        func has(_ part: String) -> Bool { text.lowercased().contains(part) }
        if has("no space left on device") {
            return (
                "the disk of the container engine is full: \(text)", "Free space, for example by `\(tool) image prune`."
            )
        }
        if has("exec format error") {
            return (
                "the image has programs of another processor architecture: \(text)",
                "Use an image for the architecture of this machine."
            )
        }
        if has("port is already allocated") || has("address already in use") {
            return ("a port is taken by another program: \(text)", "End the other program, or publish another port.")
        }
        if has("executable file not found") || has("a command that was not found")
            || has("stat /") && has("no such file or directory")
        {
            return (
                "the image does not have the program of the container: \(text)",
                "Set `entrypoint` and `command` of the container to a program of the image."
            )
        }
        if has("no command") && has("entrypoint") {
            return (
                "the image names no program: \(text)", "Set `command` of the container to a program of the image."
            )
        }
        if has("invalid reference format") || has("invalid image") {
            return ("the name of the image is not valid: \(text)", "Correct `image` of the container.")
        }
        return (text, nil)
    }
}

extension OperationFailure {
    init(_ refusal: EngineIdentity.Refusal) {
        self.init(
            refusal.isFull ? .capacity : .refused(refusal.status), "the container engine reports: \(refusal.message)",
            hint: refusal.hint)
    }
}
