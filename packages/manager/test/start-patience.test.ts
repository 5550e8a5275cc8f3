import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { ownProgram, temporaryFolder } from '@linux-patch/runtime/testing';
import { expect, it, onTestFinished } from 'vitest';

const PROGRAM = ownProgram('linux-patch-manager');
const RIGHT = 'server:\n  bind: 127.0.0.1\n  port: 0\n  url: https://patch.example.test:8443\n';

/** A manager that has its authority, with this configuration, as a service manager starts it. */
async function started(configuration: string) {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const configFile = join(folder.path, 'etc/linux_patch_manager/config.yaml');
  const configure = (text: string) => writeFile(configFile, text);
  await mkdir(dirname(configFile), { recursive: true });
  await configure(RIGHT);
  const [init] = await once(spawn(PROGRAM, ['--root', folder.path, 'init'], { stdio: 'ignore' }), 'exit');
  expect(init).toBe(0);
  await configure(configuration);
  const env = { ...process.env, NOTIFY_SOCKET: join(folder.path, 'notify') };
  const serve = spawn(PROGRAM, ['--root', folder.path, 'serve'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(serve, 'exit');
  onTestFinished(async () => {
    serve.kill('SIGTERM');
    await ended;
  });
  let said = '';
  serve.stderr.setEncoding('utf8');
  serve.stderr.on('data', (text: string) => (said += text));
  /** Until it has said so; it may not end before. */
  const says = async (words: RegExp): Promise<void> => {
    while (!words.test(said)) {
      if (serve.exitCode !== null) throw new Error(`it ended with ${serve.exitCode}: ${said}`);
      await Promise.race([once(serve.stderr, 'data'), ended]);
    }
  };
  return { configure, says };
}

it('a configuration that cannot be read is waited for, every fault with its place, and taken up when it is mended', async () => {
  const { configure, says } = await started(
    'server:\n  prot: 8443\n  bind: 127.0.0.1\nlogging:\n  level: loud\n',
  );
  await says(/config\.yaml:2:3.*prot[\s\S]*config\.yaml:5:[\s\S]*waits up to a minute/);
  await configure(RIGHT);
  await says(/Listening on 127\.0\.0\.1/);
});

it('a port that somebody has is waited for, and taken when it is free', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  const { says } = await started(RIGHT.replace('port: 0', `port: ${port}`));
  await says(/cannot listen on 127\.0\.0\.1:\d+: another process has it.*waits up to a minute/);
  await new Promise((resolve) => other.close(resolve));
  await says(new RegExp(`Listening on 127\\.0\\.0\\.1:${port}`));
});
