import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { listening, type Scene, type Wait } from './wait.ts';

const UPGRADE = [
  'GET /api/v1/ws/jobs HTTP/1.1',
  'Host: a',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`,
  '\r\n',
].join('\r\n');

function portOf({ agent }: Scene): number {
  return Number(/Listening on 127\.0\.0\.1:(\d+)/.exec(agent.said())?.[1]);
}

function owned(scene: Scene, socket: Socket): void {
  socket.on('error', () => {});
  scene.stack.defer(async () => void socket.destroy());
}

/** A connection of the manager that sends this; resolves when the answer begins as it should. */
async function connection(scene: Scene, text: string, answer?: RegExp): Promise<void> {
  const client = await scene.manager.authority.issueManagerClient();
  const socket = connect({
    host: '127.0.0.1',
    port: portOf(scene),
    ca: scene.manager.authority.caPem,
    cert: client.chainPem,
    key: client.privateKeyPem,
  });
  owned(scene, socket);
  await once(socket, 'secureConnect');
  socket.write(text);
  let heard = '';
  // TLS tells of a refused client only after the handshake; whoever is admitted gets its session tickets.
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')));
  await (answer ? scene.agent.settles(() => answer.test(heard)) : once(socket, 'session'));
}

const idle = (scene: Scene) =>
  connection(scene, 'GET /health HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1\.1 200/);
const halfOfTheHeaders = (scene: Scene) => connection(scene, 'GET /health HTTP/1.1\r\nX-Slow: ');
const halfOfTheBody = (scene: Scene) =>
  connection(
    scene,
    'POST /api/v1/packages HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"pack',
  );
/** A client of job events that never answers the closing handshake. */
const silentEvents = (scene: Scene) => connection(scene, UPGRADE, /^HTTP\/1\.1 101/);

/** Connections that are open when the agent is told to stop. */
export const CONNECTIONS: readonly Wait[] = [
  ['a connection that is idle', [idle], false],
  ['the rest of the headers of a request', [halfOfTheHeaders], true],
  ['the rest of a request', [halfOfTheBody], true],
  ['a client of job events that says nothing', [silentEvents], true],
  ['all of them at once', [idle, halfOfTheHeaders, halfOfTheBody, silentEvents], true],
].map(([what, open, forOthers]) => ({
  where: `with ${what as string}`,
  reached: async (scene: Scene) => {
    await listening(scene);
    for (const one of open as ((scene: Scene) => Promise<void>)[]) await one(scene);
  },
  forOthers: forOthers as boolean,
  exitCode: 0,
}));

/** A handshake that never begins; the address filter has let it in. */
export const SILENT_PEER: Wait = {
  where: 'with a connection whose handshake never begins',
  reached: async (scene) => {
    await listening(scene);
    const socket = connectTcp(portOf(scene), '127.0.0.1');
    owned(scene, socket);
    await once(socket, 'connect');
  },
  forOthers: true,
  exitCode: 0,
};
