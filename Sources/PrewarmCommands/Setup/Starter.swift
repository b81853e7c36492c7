enum Starter { struct File { var path: String; var text: String; var isExecutable: Bool }
static let files: [File] = []
static func nextSteps(directory: String) -> String { "" } }
