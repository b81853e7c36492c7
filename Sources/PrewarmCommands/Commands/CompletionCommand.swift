import ArgumentParser
import PrewarmCore

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Write the completion script of a shell.",
        discussion: """
            The script completes commands and options. It also completes the names of presets, workspaces, operations \
            and sources, from the store or the daemon that the command line names.

            Examples:
              prewarm completion bash > ~/.local/share/bash-completion/completions/prewarm
              prewarm completion zsh > ~/.zfunc/_prewarm
              prewarm completion fish > ~/.config/fish/completions/prewarm.fish
            """)

    enum Shell: String, CaseIterable, ExpressibleByArgument {
        case bash, zsh, fish
    }

    @Argument(help: "The shell.")
    var shell: Shell

    func run() {
        let kind: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        var script = Prewarm.completionScript(for: kind)
        if shell == .bash {
            // A script that a shell sources needs no line for an interpreter.
            if script.hasPrefix("#!"), let end = script.firstIndex(of: "\n") {
                script = String(script[script.index(after: end)...])
            }
            script += Self.joining
        }
        Console.standard.write(TerminalText(lines: script + "\n"))
    }

    /// The end of the script for bash, which splits a URL into several words.
    private static let joining = #"""


        # Joins the words that bash splits at ":" and "=", so that a URL is one word.
        _prewarm_joined() {
            local -a words=()
            local -i index count=0 current=0
            local joins=
            for index in "${!COMP_WORDS[@]}"; do
                if ((count > 0)) && [[ $joins || ${COMP_WORDS[index]} == [:=] ]]; then
                    words[count - 1]+=${COMP_WORDS[index]}
                else
                    words+=("${COMP_WORDS[index]}")
                    count+=1
                fi
                joins=
                [[ ${COMP_WORDS[index]} != [:=] ]] || joins=1
                ((index != COMP_CWORD)) || current=$((count - 1))
            done
            local -a COMP_WORDS=("${words[@]}")
            local -i COMP_CWORD=$current
            _prewarm "$1" "${words[current]}" "${words[current - 1]}"
        }

        complete -o filenames -F _prewarm_joined prewarm
        """#
}
