import type { Host } from '@linux-patch/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from './job-key-calls.ts';
import { dataOf, INSTANCE, knownHost } from './known-host.ts';
import { LISTENING } from './listening-agent.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld({ ...LISTENING, fleet: { poll_minutes: 60 } });
});
afterEach(() => world[Symbol.asyncDispose]());

describe('what the policies of hosts let managers ask for', () => {
  it.each([
    [{}, { allows: null, fault: null }, 'not known', undefined],
    [
      { allowed_operations: ['update', 'reboot', 'defragment'] },
      { allows: ['update', 'reboot', 'defragment'], fault: null },
      'lets managers ask for update, reboot, defragment',
      undefined,
    ],
    [
      { allowed_operations: [] },
      { allows: [], fault: null },
      'lets managers change nothing',
      'its policy lets managers update nothing',
    ],
    [
      { allowed_operations: [], checks: { policy: 'policy.yaml cannot be relied on: line 3' } },
      { allows: [], fault: 'policy.yaml cannot be relied on: line 3' },
      'DENIES EVERY CHANGE: policy.yaml cannot be relied on: line 3',
      'DENIES CHANGES: its policy is faulty',
    ],
    [{ allowed_operations: 'everything' }, { allows: null, fault: null }, 'not known', undefined],
  ])(
    'is on record as they say it, and not known of those that do not: %j',
    async (said, policy, fact, note) => {
      await using host = await knownHost(world, { status: 'healthy', instance_id: INSTANCE, ...said });
      expect(dataOf<Host>(await world.admin(`/hosts/${host.fqdn}`)).policy).toEqual(policy);
      expect((await runCommand(world, ['hosts', 'show', host.fqdn])).stdout).toMatch(
        new RegExp(`^Policy +${fact}$`, 'm'),
      );
      const { stdout } = await runCommand(world, ['hosts', 'list']);
      if (note === undefined) expect(stdout).not.toMatch(/policy/i);
      else expect(stdout).toContain(note);
    },
  );
});
