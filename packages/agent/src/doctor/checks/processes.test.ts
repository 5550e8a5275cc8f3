import { describe, expect, it } from 'vitest';
import { createAgentProgram } from '../../cli/program.ts';
import { serviceOf } from './processes.ts';

const CHECKOUT = ['/opt/x/node', '/opt/x/packages/agent/src/main.ts'];

describe('the arguments of a process', () => {
  it.each([
    [['/usr/lib/linux-patch-api/node', '/usr/bin/linux-patch-api'], '/'],
    [['/usr/lib/linux-patch-api/node', '/usr/lib/linux-patch-api/linux-patch-api.cjs', '-v'], '/'],
    // Version 1.2.0
    [['/usr/lib/linux-patch-api/node', '/usr/lib/linux-patch-api/linux-patch-api.mjs', '-v'], '/'],
    [[...CHECKOUT, '--root', '/srv/a/'], '/srv/a'],
    [[...CHECKOUT, '--root=/srv/a'], '/srv/a'],
    [[...CHECKOUT, '-vc', '/srv/c.yaml', '--root', '/srv/a', '--verbose'], '/srv/a'],
    [[...CHECKOUT, '--config=/srv/c.yaml', '-c/srv/c.yaml', '--config', 'status'], '/'],
    [['/bin/sh', '/opt/x/bin/linux-patch-api', '--root', '/srv/a'], '/srv/a'],
  ])('are those of an agent that serves: %j', (argv, root) => {
    expect(serviceOf(argv)).toEqual({ root });
  });

  it.each([
    [[...CHECKOUT, 'status']],
    [[...CHECKOUT, '--root', '/srv/a', 'doctor', '--fix']],
    [[...CHECKOUT, '--enroll', 'https://manager.example.org']],
    [[...CHECKOUT, '--enroll=https://manager.example.org']],
    [[...CHECKOUT, '--renew-certs']],
    [['journalctl', '-u', 'x', '-e', '/usr/bin/linux-patch-api']],
    [['vi', '/etc/linux_patch_api/config.yaml']],
    [[]],
  ])('are those of something else: %j', (argv) => {
    expect(serviceOf(argv)).toBeUndefined();
  });

  it('are those of something else for every command that there is', () => {
    const commands = createAgentProgram(() => {}).commands.map((one) => one.name());
    expect(commands).toContain('plan');
    for (const command of commands)
      expect([command, serviceOf([...CHECKOUT, '--root', '/srv/a', '-v', command])]).toEqual([
        command,
        undefined,
      ]);
  });
});
