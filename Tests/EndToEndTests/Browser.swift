import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Subprocess
import SystemPackage

/// A headless Chromium, driven over WebDriver (https://www.w3.org/TR/webdriver2/) by `chromedriver`.
struct Browser: Sendable {
    /// The address of the session at chromedriver.
    private let session: String

    /// Runs a browser with a profile of its own while the body runs.
    static func run(_ body: @escaping @Sendable (Browser) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "prewarm-browser-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let log = folder.appending(path: "driver.log").path
        let descriptor = try FileDescriptor.open(
            FilePath(log), .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        _ = try await Subprocess.run(
            .name("chromedriver"), arguments: ["--port=0"], input: .none,
            output: .fileDescriptor(descriptor, closeAfterSpawningProcess: true), error: .discarded
        ) { execution in
            do {
                let browser = Browser(session: try await start(port: try await port(log), folder))
                do {
                    try await body(browser)
                } catch {
                    try? await browser.close()
                    throw error
                }
                try await browser.close()
            } catch {
                try? execution.send(signal: .terminate)
                throw error
            }
            try? execution.send(signal: .terminate)
        }
    }

    private static func port(_ log: String) async throws -> String {
        for _ in 0..<2400 {
            let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            if let found = text.firstMatch(of: /successfully on port ([0-9]+)/) { return String(found.output.1) }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw SandboxError(message: "chromedriver did not start")
    }

    private static func start(port: String, _ folder: URL) async throws -> String {
        // Chromium refuses to run as root with its sandbox, and a container's /dev/shm is small.
        let arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,900",
            "--user-data-dir=\(folder.path)/profile",
        ]
        let capabilities: [String: Any] = [
            "capabilities": [
                "alwaysMatch": [
                    // The certificates of tests are not from a known authority.
                    "acceptInsecureCerts": true,
                    "goog:chromeOptions": ["args": arguments], "goog:loggingPrefs": ["browser": "ALL"],
                ]
            ]
        ]
        let base = "http://127.0.0.1:\(port)"
        let answer = try await send("POST", base + "/session", capabilities)
        guard let id = answer["sessionId"]?.string else { throw SandboxError(message: "no session: \(answer.value)") }
        return "\(base)/session/\(id)"
    }

    private func close() async throws { _ = try await Self.send("DELETE", session, nil) }

    /// Sends a command and returns the value of its answer.
    private static func send(_ method: String, _ url: String, _ body: [String: Any]?) async throws -> JSON {
        var request = HTTPClientRequest(url: url)
        request.method = .RAW(value: method)
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: try JSONSerialization.data(withJSONObject: body)))
        }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
        let bytes = try await response.body.collect(upTo: 64 << 20)
        let text = String(buffer: bytes)
        guard response.status == .ok, let value = try JSON(text)["value"] else {
            throw SandboxError(message: "\(method) \(url): \(text.prefix(600))")
        }
        return value
    }

    @discardableResult
    private func command(_ path: String, _ body: [String: Any] = [:]) async throws -> JSON {
        try await Self.send("POST", session + path, body)
    }

    // MARK: Pages

    func open(_ url: String) async throws { try await command("/url", ["url": url]) }

    /// Runs the body of a function in the page and returns its result.
    @discardableResult
    func run(_ script: String) async throws -> JSON {
        try await command("/execute/sync", ["script": script, "args": [String]()])
    }

    func text(_ script: String) async throws -> String { try await run("return String(\(script))").string ?? "" }

    /// The text that a reader sees.
    var shown: String { get async throws { try await text("document.body.innerText") } }
    var path: String { get async throws { try await text("location.pathname + location.search") } }

    /// Sends the command of the DevTools protocol.
    @discardableResult
    func devTools(_ name: String, _ parameters: [String: Any]) async throws -> JSON {
        try await command("/goog/cdp/execute", ["cmd": name, "params": parameters])
    }

    /// The messages in the console since the last call, with failed loads of resources.
    func console() async throws -> [String] {
        try await command("/se/log", ["type": "browser"]).list.compactMap { $0["message"]?.string }
    }

    /// Types keys into the element that has the focus.
    func press(_ keys: String) async throws {
        let actions = keys.flatMap { key in
            [["type": "keyDown", "value": String(key)], ["type": "keyUp", "value": String(key)]]
        }
        try await command("/actions", ["actions": [["type": "key", "id": "keyboard", "actions": actions]]])
    }

    /// Fills a field of the page.
    func fill(_ selector: String, _ text: String) async throws {
        let element = try await command("/element", ["using": "css selector", "value": selector])
        guard let id = element["element-6066-11e4-a52e-4f735466cecf"]?.string else {
            throw SandboxError(message: "there is no \(selector)")
        }
        try await command("/element/\(id)/clear")
        try await command("/element/\(id)/value", ["text": text])
    }

    /// Clicks an element and waits until the page that follows has loaded.
    func click(_ selector: String) async throws {
        let element = try await command("/element", ["using": "css selector", "value": selector])
        guard let id = element["element-6066-11e4-a52e-4f735466cecf"]?.string else {
            throw SandboxError(message: "there is no \(selector)")
        }
        try await command("/element/\(id)/click")
    }

    /// Waits until an expression is true in the page, for at least two minutes.
    func eventually(_ what: String, _ expression: String) async throws {
        for _ in 0..<1200 {
            if (try? await text(expression)) == "true" { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw SandboxError(message: "never: \(what)\n\(try await shown.prefix(3000))")
    }

    // MARK: Settings

    func useDarkColors(_ isDark: Bool) async throws {
        let feature = ["name": "prefers-color-scheme", "value": isDark ? "dark" : "light"]
        try await devTools("Emulation.setEmulatedMedia", ["features": [feature]])
    }

    /// Returns a picture of the page as PNG.
    func screenshot() async throws -> Data {
        let image = try await devTools("Page.captureScreenshot", ["captureBeyondViewport": true])
        return Data(base64Encoded: image["data"]?.string ?? "") ?? Data()
    }

    func useWidth(_ width: Int) async throws {
        try await devTools(
            "Emulation.setDeviceMetricsOverride",
            ["width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 600])
    }

    func disableScripts() async throws { try await devTools("Emulation.setScriptExecutionDisabled", ["value": true]) }
}

extension JSON {
    var flag: Bool? { value as? Bool }
}
