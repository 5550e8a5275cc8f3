import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const PROGRAM = `
const net = require('node:net');
const onward = Number(process.argv[1]);
const pass = (socket) => {
  socket.on('error', () => {});
  if (onward === 0) return;
  const other = net.connect(onward, '127.0.0.1').on('error', () => socket.destroy());
  socket.pipe(other).pipe(socket);
};
const server = net.createServer(pass).listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () =>
  process.stdout.write(server.address().port + '\\n'));`;
/** What Linux queues for a backlog of one, before it drops what else asks (listen(2)). */
const QUEUE_LENGTH = 2;

/** A listener at 127.0.0.1 whose queue is full: the kernel drops who asks, and lets them in when they ask again. */
export interface SlowListener extends AsyncDisposable {
  readonly port: number;
  /** Empties the queue. Who asked before gets in with the next try of its kernel, a second after the first. */
  wake(): void;
}

/** @param onwardPort where at 127.0.0.1 those go on who got in; without it they are not answered */
export async function startSlowListener(onwardPort = 0): Promise<SlowListener> {
  const args = ['-e', PROGRAM, String(onwardPort)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  child.kill('SIGSTOP');
  const queued: Socket[] = [];
  for (let index = 0; index < QUEUE_LENGTH; index += 1) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    queued.push(socket);
  }
  return {
    port,
    wake: () => void child.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      for (const socket of queued) socket.destroy();
      const ended = once(child, 'close');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
