import Glibc
import NIOCore
import NIOPosix
import Testing

@testable import PrewarmServer

@Suite("The pace of accepting connections")
struct AcceptanceTests {
    @Test("Connections are accepted while earlier ones wait for their tasks")
    func eager() async throws {
        let acceptance = Acceptance(most: 64)
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: Int32(Acceptance.backlog))
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    acceptance.accepted()
                    return channel
                }
            }
        try await acceptance.apply(to: server.channel)
        let address = try #require(server.channel.localAddress)
        var clients: [any Channel] = []
        for _ in 0..<200 {
            clients.append(
                try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup).connect(to: address).get())
        }
        // No task handles a connection. NIO alone stops at ten.
        #expect(try await eventually { acceptance.waitingCount >= 64 })
        try await server.executeThenClose { connections in
            var count = 0
            for try await connection in connections {
                acceptance.handled()
                count += 1
                try await connection.close()
                if count == 200 { break }
            }
            #expect(count == 200)
        }
        for client in clients { try? await client.close() }
    }
}
