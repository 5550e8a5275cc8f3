import { chmod, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeCommands } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { expect, it } from 'vitest';
import { installLine, joinLine } from './install-line.ts';

it('a line names script, CA and release key, and has the join string on standard input alone', () => {
  const line = joinLine({
    script_sha256: 'a'.repeat(64),
    ca_sha256: 'b'.repeat(64),
    releaseKey: 'C'.repeat(40),
  });
  const made = line({ managerUrl: "https://it's.example.test:8443/", joinString: 'lpj1.secret' });
  const [command, ...rest] = made.split('\n');
  expect(rest).toEqual(['lpj1.secret', 'JOIN']);
  expect(command).toMatch(
    / download-file 'https:\/\/it'\\''s\.example\.test:8443\/install\/join\.sh' "\$d\/join" SHA256:a{64};/,
  );
  expect(command).toMatch(
    / curl -fsSk -o "\$d\/join" 'https:\/\/it'\\''s\.example\.test:8443\/install\/join\.sh' && echo "a{64} {2}\$d\/join" \| sha256sum -c --quiet; fi && sh /,
  );
  expect(command).toMatch(/ sh "\$d\/join" 'https:\/\/it'\\''s\.example\.test:8443' b{64} C{40} <<'JOIN'$/);
});

it.each([
  [['dnf', 'zypper'], 'dnf install -y ./agent.rpm https://m.example.test:8443'],
  [['zypper'], 'zypper -n install --allow-unsigned-rpm ./agent.rpm https://m.example.test:8443'],
])('a line for a package of rpm takes of %j what the host has', async (programs, expected) => {
  await using folder = await temporaryFolder();
  const said = join(folder.path, 'said');
  // Nothing of this machine is found.
  await symlink('/bin/sh', join(folder.path, 'sh'));
  for (const name of programs) {
    const program = join(folder.path, name);
    await writeFile(program, `#!/bin/sh\necho ${name} "$@" "$LINUX_PATCH_MANAGER_URL" >>${said}\n`);
    await chmod(program, 0o755);
  }
  const made = installLine('./agent.rpm')({
    managerUrl: 'https://m.example.test:8443',
    joinString: 'lpj1.secret',
  });
  const command = made.split('\n')[0]?.split(" <<'JOIN' && ")[1] ?? '';
  const { exitCode } = await nodeCommands().run({
    program: '/bin/sh',
    args: ['-c', command],
    env: { PATH: folder.path },
    timeoutMs: 60_000,
  });
  expect([exitCode, await readFile(said, 'utf8')]).toEqual([0, `${expected}\n`]);
});
