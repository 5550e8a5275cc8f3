import { expect, it } from 'vitest';
import { aptLine } from './install-line.ts';

it('a line for apt names script, CA and release key, and has the join string on standard input alone', () => {
  const line = aptLine({
    script_sha256: 'a'.repeat(64),
    ca_sha256: 'b'.repeat(64),
    releaseKey: 'C'.repeat(40),
  });
  const made = line({ managerUrl: "https://it's.example.test:8443/", joinString: 'lpj1.secret' });
  const [command, ...rest] = made.split('\n');
  expect(rest).toEqual(['lpj1.secret', 'JOIN']);
  expect(command).toMatch(
    / download-file 'https:\/\/it'\\''s\.example\.test:8443\/install\/apt\.sh' "\$d\/join" SHA256:a{64} /,
  );
  expect(command).toMatch(/ sh "\$d\/join" 'https:\/\/it'\\''s\.example\.test:8443' b{64} C{40} <<'JOIN'$/);
});
