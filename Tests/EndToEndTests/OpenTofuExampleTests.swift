import Foundation
import Testing

/// The example `opentofu` with a stand-in, and with the real programs that are installed.
@Suite("The example of OpenTofu and Terraform")
struct OpenTofuExampleTests {
    /// The real programs that are installed, and the stand-in for both.
    private static let programs = ["stand-in"] + ["tofu", "terraform"].filter(ProvisionerExample.isInstalled)

    private func openTofu(_ program: String) async throws -> ProvisionerExample {
        let example = try await ProvisionerExample(
            "opentofu",
            changes: ["[./provision,": "[./provision, --program, \(program == "stand-in" ? "./tofu" : program),"])
        let standIn = GuidePage.root.appending(path: "Tests/tofu-stand-in.sh")
        try FileManager.default.copyItem(at: standIn, to: example.sandbox.root.appending(path: "tofu"))
        return example
    }

    @Test("The provisioner of OpenTofu conforms to the protocol", arguments: programs)
    func openTofuConforms(program: String) async throws {
        let findings = try await openTofu(program).findings()
        #expect(findings.isEmpty, "\(findings)")
    }

    @Test("Each workspace of OpenTofu has a state, and the end of a failed apply is the error", arguments: programs)
    func openTofuSession(program: String) async throws {
        let example = try await openTofu(program)
        let session = try await example.run(
            #"""
            prewarm sync --wait --timeout 10m
            [ "$(ls workspaces/*/terraform.tfstate | wc -l)" = 2 ]
            prewarm claim dev --owner 'ada"; $(touch pwned)' --param sshKey="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA" \
                -o json >claim.json
            id=$(jq -r .id claim.json)
            [ "$(cat "workspaces/$id/machine/owner")" = 'ada"; $(touch pwned)' ]
            [ "$(cat "workspaces/$id/machine/authorized_keys")" = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA" ]
            [ -n "$(jq -r .credentials.password claim.json)" ]
            # A claim whose request cannot be read keeps the variables. A state that is being written is read again.
            ! PREWARM_WORKSPACE_ID=$id ./provision --program true claim <<<'{"owner": '
            jq -e '.owner != ""' "workspaces/$id/variables.json"
            state=workspaces/$id/terraform.tfstate
            cp "$state" whole && head -c 20 whole >"$state"
            mkdir writer
            printf '%s\n' '#!/bin/sh' "cp '$PWD/whole' '$PWD/$state'" >writer/sleep
            chmod +x writer/sleep
            PATH=$PWD/writer:$PATH ./provision --program true list <<<'{}' >list.json
            jq -e --arg id "$id" '.workspaces[] | select(.id == $id) | .state == "ready"' list.json
            # The module of a workspace does not change with the example. A new workspace gets the new module.
            printf '%s\n' 'resource "terraform_data" "broken" {' '  provisioner "local-exec" {' \
                '    command = "echo no capacity left >&2; exit 3"' '  }' '}' >module/broken.tf
            prewarm release "$(jq -r .name claim.json)"
            ! [ -e "workspaces/$id" ]
            ! prewarm sync --wait --timeout 20s >sync.log 2>&1
            grep 'no capacity left' sync.log
            rm module/broken.tf
            prewarm retry dev
            prewarm sync --wait --timeout 10m
            sed -i 's/instances: 2/instances: 0/' presets/dev.yaml && git commit -q -a -m 'Empty the pool'
            prewarm sync --wait --timeout 10m
            [ -z "$(ls workspaces)" ] && ! [ -e pwned ]
            """#)
        #expect(session.code == 0, "\(session)")
    }
}
