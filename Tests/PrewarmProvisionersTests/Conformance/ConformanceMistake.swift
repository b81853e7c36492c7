import PrewarmProvisioners
import Testing

/// A change of ``ConformanceScript/good`` that breaks one rule of the protocol, and the finding that it has to cause.
struct ConformanceMistake: Sendable, CustomTestStringConvertible {
    let check: ConformanceCheck
    var result = ConformanceFinding.Result.failed
    /// Words of the message.
    let words: String
    let text: String
    let replacement: String
    var grace = Duration.seconds(60)
    var timeout = Duration.seconds(240)

    var testDescription: String { "\(check.rawValue): \(words)" }

    private static let answer = #"echo "{\"endpoint\""#
    private static let remove = #"rm -rf "$folder" "$folder.new""#
    private static let begin = #"mkdir -p "$folder.new""#
    private static let invalid = #"echo '{"error": {"class": "invalid", "message": "there is no size huge"}}'"#

    static let all = building + claiming + deleting + failing + calling

    private static let building = [
        ConformanceMistake(
            check: .list, words: "PREWARM_WORKSPACE_ID", text: "separator=\n",
            replacement: "separator=; echo ${PREWARM_WORKSPACE_ID:?}\n"),
        ConformanceMistake(
            check: .inspectUnknown, words: "failed", text: #"else echo '{"state": "lost"}'; fi"#,
            replacement: #"else echo '{"state": "failed"}'; fi"#),
        ConformanceMistake(
            check: .deleteUnknown, words: "No such file", text: remove,
            replacement: #"if ! rm -r "$folder"; then rm -r "$folder.new"; fi"#),
        ConformanceMistake(
            check: .create, words: "no space left", text: "sleep 3", replacement: "fail 'no space left'"),
        ConformanceMistake(
            check: .create, words: "another try is needed: exit code 75", text: "sleep 3", replacement: "exit 75"),
        ConformanceMistake(
            check: .createAgain, words: "the second `create` answers with dir:", text: #"\"dir:$id\""#,
            replacement: #"\"dir:$$\""#),
        ConformanceMistake(
            check: .createAgain, words: "it exists", text: #"if ! [ -d "$folder" ]; then"#,
            replacement: #"if [ -d "$folder" ]; then fail 'it exists'; else"#),
        ConformanceMistake(
            check: .listCreated, words: "does not have the workspace", text: #""${folder##*/}""#,
            replacement: #""name-${folder##*/}""#),
        ConformanceMistake(
            check: .listCreated, words: " 2 times", text: "separator=', '",
            replacement: #"separator=', '; printf ', {"id": "%s"}' "${folder##*/}""#),
        ConformanceMistake(
            check: .listCreated, words: "the unknown state \"running\"", text: #""state": "ready", "store""#,
            replacement: #""state": "running", "store""#),
        ConformanceMistake(
            check: .listStore, result: .warning, words: "no `store`", text: #", "store": "%s"}'"#,
            replacement: "}%.0s'"),
        ConformanceMistake(
            check: .listStore, words: "the store \"other\"", text: #"echo "$PREWARM_STORE""#, replacement: "echo other"),
        ConformanceMistake(
            check: .inspectCreated, words: "stopped", text: #"then echo '{"state": "ready"}'"#,
            replacement: #"then echo '{"state": "stopped"}'"#),
    ]

    private static let claiming = [
        ConformanceMistake(check: .claim, words: "the owner is ada", text: "= ada ]", replacement: "= bob ]"),
        ConformanceMistake(check: .claim, words: "the key is missing", text: "= s3cret ]", replacement: "= other ]"),
        ConformanceMistake(
            check: .claimAgain, words: "the key is missing", text: #"if ! [ -e "$folder/password" ]; then"#,
            replacement: "if true; then"),
        ConformanceMistake(
            check: .claimAgain, words: "other credentials", text: #"$(cat "$folder/password")"#,
            replacement: "password-$$"),
        ConformanceMistake(
            check: .claimCredentials, words: "contains a credential", text: #"echo "{\"credentials\""#,
            replacement: #"echo "{\"endpoint\": \"ssh://ada:$(cat "$folder/password")@host\", \"credentials\""#),
        ConformanceMistake(
            check: .listClaimed, words: "does not have the workspace", text: #"[ -e "$folder/store" ] || continue"#,
            replacement: #"[ -e "$folder/store" ] && ! [ -e "$folder/password" ] || continue"#),
    ]

    private static let deleting = [
        ConformanceMistake(
            check: .delete, words: "it is claimed", text: remove,
            replacement: #"if [ -e "$folder/password" ]; then fail 'it is claimed'; fi; "# + remove),
        ConformanceMistake(
            check: .deleteAgain, words: "deleted before", text: remove,
            replacement: #"""
                if grep -qs "$id" gone; then fail 'deleted before'; fi
                if [ -e "$folder/password" ]; then echo "$id" >>gone; fi

                """# + remove),
        ConformanceMistake(
            check: .listDeleted, words: "still has the workspace", text: "echo ']}'",
            replacement: #"""
                last=$(sed -n 's/.*"workspace":{"id":"\([a-z0-9]*\)".*/\1/p' delete.request 2>/dev/null || :)
                [ -z "$last" ] || printf '%s{"id": "%s"}' "$separator" "$last"
                echo ']}'
                """#),
        ConformanceMistake(
            check: .inspectDeleted, words: "it is ready", text: #"if [ -d "$folder" ]; then echo"#,
            replacement: #"if [ -d "$folder" ] || grep -qs "$id" delete.request; then echo"#),
    ]

    private static let failing = [
        ConformanceMistake(
            check: .createInvalid, result: .warning, words: "no class", text: invalid,
            replacement: "echo 'there is no size huge' >&2"),
        ConformanceMistake(
            check: .createInvalid, words: "the class `transient`", text: #""class": "invalid""#,
            replacement: #""class": "transient""#),
        ConformanceMistake(check: .createInvalid, words: "without a cause", text: invalid, replacement: "true"),
        ConformanceMistake(
            check: .createInvalid, words: "timed out", text: invalid, replacement: "exec sleep 1000",
            timeout: .seconds(60)),
        ConformanceMistake(
            check: .deleteFailed, words: "not complete", text: remove,
            replacement: #"""
                if [ -d "$folder" ] && ! [ -e "$folder/store" ]; then rm -r "$folder"; fail 'not complete'; fi

                """# + remove),
        ConformanceMistake(
            check: .stop, words: "was killed", text: begin, replacement: begin + "\ntrap '' TERM\nsleep 8",
            grace: .milliseconds(100)),
        ConformanceMistake(
            check: .createStopped, words: "File exists", text: begin,
            replacement: "mkdir -p workspaces\n" + #"mkdir "$folder.new""# + "\nsleep 8"),
        ConformanceMistake(
            check: .deleteOrphan, words: "no version", text: remove,
            replacement: #"[ -n "$PREWARM_VERSION" ] || fail 'no version'; "# + remove),
    ]

    private static let calling = [
        ConformanceMistake(
            check: .output, result: .warning, words: "before the answer of `create`", text: answer,
            replacement: "echo done\n" + answer),
        ConformanceMistake(
            check: .output, words: "does not end with a JSON object", text: #"\"dir:$id\"}""#,
            replacement: #"\"dir:$id\"""#),
        ConformanceMistake(
            check: .output, words: "wrote more than 1 MiB", text: answer,
            replacement: "head -c 2000000 /dev/zero\n" + answer),
        ConformanceMistake(
            check: .background, result: .warning, words: "that `create` left running",
            text: #"mv "$folder.new" "$folder""#, replacement: #"mv "$folder.new" "$folder"; setsid sleep 30 &"#),
    ]
}
