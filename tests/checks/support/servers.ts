/** Real servers on free loopback ports, to stand behind forwarded ports. */
import http from "node:http";
import https from "node:https";
import http2 from "node:http2";
import net, { type AddressInfo, type Socket } from "node:net";
import * as grpc from "@grpc/grpc-js";

export interface Standing {
  readonly port: number;
  close(): Promise<void>;
}

function standing(server: net.Server): Promise<Standing> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => server.close(done));
  };
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve({ port: (server.address() as AddressInfo).port, close })),
  );
}

/** HTTPS by a key and a certificate in PEM. */
export const httpsServer = (key: string, cert: string, handler: http.RequestListener): Promise<Standing> =>
  standing(https.createServer({ key, cert }, handler));

export const httpServer = (handler: http.RequestListener): Promise<Standing> => standing(http.createServer(handler));

/** HTTP/2 without gRPC. */
export const http2Server = (): Promise<Standing> =>
  standing(http2.createServer((_, response) => response.writeHead(200, { "content-type": "text/html" }).end("hello")));

export const tcpServer = (handler: (socket: Socket) => void): Promise<Standing> => standing(net.createServer(handler));

/** gRPC by its own library. `live` undefined: the method is not implemented. */
export async function grpcServer(live: boolean | undefined): Promise<Standing> {
  const server = new grpc.Server();
  const bytes = (value: Buffer): Buffer => value;
  const method = {
    path: "/inference.GRPCInferenceService/ServerLive",
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  };
  if (live !== undefined) {
    server.addService(
      { ServerLive: method },
      {
        // Field 1, varint; protobuf leaves a false boolean out.
        ServerLive: (_: unknown, answer: grpc.sendUnaryData<Buffer>) => answer(null, Buffer.from(live ? [8, 1] : [])),
      },
    );
  }
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return {
    port,
    close: () => {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}
