import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import PrewarmCore
import PrewarmEngine

extension KubernetesClient {
    /// The API server for messages.
    var server: String { "\(connection.host.printable.limited(to: 253)):\(connection.port)" }

    /// Returns the failure of an answer that does not follow the API.
    func bad(_ reason: String, _ call: KubernetesCall) -> OperationFailure {
        OperationFailure(
            .badAnswer, "cannot use the answer of the API server at \(server) to \(call.name): \(reason)",
            hint: "Check that a Kubernetes API server answers at this address.")
    }

    /// Returns the failure of a request without a whole answer.
    func failure(_ failure: Exchange.Failure, of call: KubernetesCall) -> OperationFailure {
        switch failure {
        case .canceled: return .canceled
        case .tooLarge: return bad("it has more than \(call.sizeLimit >> 10) KiB", call)
        case .late:
            return OperationFailure(
                .slow, "the API server at \(server) did not answer \(call.name) within \(call.timeout.prewarmText)",
                hint: "Check the cluster: `kubectl get --raw /readyz`.")
        case .broken(let error): return broken(error, call)
        }
    }

    private func broken(_ error: any Error, _ call: KubernetesCall) -> OperationFailure {
        switch error {
        case let failure as OperationFailure: return failure
        case is CancellationError: return .canceled
        case let error as HTTPClientError where error == .cancelled: return .canceled
        case let error as HTTPClientError where error == .remoteConnectionClosed: return closed(call)
        case let error as HTTPClientError where error == .connectTimeout: return unreachable("it does not answer")
        case let error as HTTPClientError: return unreachable(error.shortDescription.lowercased())
        case let error as IOError where [ECONNRESET, EPIPE].contains(error.errnoCode): return closed(call)
        case is HTTPParserError: return bad("it is no HTTP", call)
        default: return unreachable(Self.reason(error))
        }
    }

    /// Returns the failure of a connection that the API server does not accept.
    func unreachable(_ reason: String) -> OperationFailure {
        OperationFailure(
            .unreachable, "cannot connect to the Kubernetes API server at \(server): \(reason)",
            hint: "Check the cluster and \(connection.origin): `kubectl get --raw /readyz`.")
    }

    private func closed(_ call: KubernetesCall) -> OperationFailure {
        OperationFailure(
            .slow, "the API server at \(server) closed the connection during \(call.name)",
            hint: "Check the cluster: `kubectl get --raw /readyz`.")
    }

    /// Returns the reason why a connection failed, as the end of a sentence.
    static func reason(_ error: any Error) -> String {
        switch error {
        case let error as IOError: return SystemFailure(error.errnoCode).description.lowercased()
        case let error as NIOConnectionError:
            if let inner = error.connectionErrors.first?.error { return reason(inner) }
            return "its host name is not known"
        case NIOSSLError.handshakeFailed(let error):
            let text = String(describing: error)
            return text.contains("CERTIFICATE_VERIFY_FAILED")
                ? "its certificate is not signed by the authority of the cluster" : "the TLS handshake failed"
        case is NIOSSLExtraError: return "its certificate is for another host"
        case is ChannelError: return "it does not answer"
        default: return String(describing: error).printable.limited(to: 200)
        }
    }
}

extension OperationFailure {
    /// True if the cluster does not know the login.
    var isLoginRefused: Bool { kind == .unreachable && message.hasSuffix(Self.loginRefused) }

    private static let loginRefused = "refuses the login (401)"

    /// The failure of a call that the API server refused.
    /// - Parameters:
    ///   - status: The `Status` object of the answer.
    ///   - retryAfter: The header `Retry-After`, in seconds.
    init(
        refusedBy client: KubernetesClient, code: Int, _ status: Value, retryAfter: String?, _ call: KubernetesCall
    ) {
        let text = (status.text("message") ?? "").withoutSecrets.printable.limited(to: 600)
        let message = "the API server refuses \(call.name): \(text.isEmpty ? "status \(code)" : text)"
        let origin = client.connection.origin
        let pause = retryAfter.flatMap { Int64($0) }.map { Duration.seconds(min(max($0, 0), 3600)) }
        switch code {
        case 401:
            self.init(
                .unreachable, "the API server at \(client.server) \(Self.loginRefused)",
                hint: "Renew the login of \(origin).")
        case 403: self.init(forbidden: text, message, origin: origin)
        case 404 where text.hasPrefix("namespaces "):
            self.init(
                .unreachable, message,
                hint: "Create the namespace: `kubectl create namespace \(client.namespace)`.")
        case 400, 413, 422: self.init(.invalid, message)
        case 409: self.init(.transient, message)
        case 429: self.init(.transient, message)
        // A server-side apply of a document that does not fit the schema of its kind is answered so.
        case 500 where text.hasPrefix("failed to create typed patch object"): self.init(.invalid, message)
        case 500...599: self.init(.unreachable, message, hint: "Check the cluster: `kubectl get --raw /readyz`.")
        default: self.init(.refused(code), message)
        }
        self.retryAfter = [429, 503].contains(code) ? pause : nil
    }

    /// The failure of a call that a rule of the cluster forbids. The status has no code for the rule, so its text decides.
    private init(forbidden text: String, _ message: String, origin: String) {
        if text.contains("exceeded quota") {
            self.init(.quota, message, hint: "Delete workspaces, or raise the quota: `kubectl describe quota`.")
        } else if text.contains("error looking up service account") {
            // The cluster makes the service account of a new namespace a moment later.
            self.init(.transient, message)
        } else if text.contains("is being terminated") {
            self.init(.unreachable, message, hint: "Use a namespace that is not being deleted.")
        } else if text.isEmpty || text.contains("User \"") {
            self.init(.unreachable, message, hint: "Give the login of \(origin) the rights of the guide.")
        } else {
            // An admission rule, for example a Pod Security Standard, refuses the object itself.
            self.init(.invalid, message, hint: "Change the object in the template so that it follows the rule.")
        }
    }
}
