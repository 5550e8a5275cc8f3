import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { generateKey, signProof } from '@linux-patch/pki';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { namesOf, newAgent, newHost, renew, serialOf } from '../../../manager/test/agents.ts';
import { startWorld } from '../../../manager/test/world.ts';
import { isPoll, isRegistration, jsonReply, type Reply } from './attacker.ts';
import { type Field, openField, type TrustMode } from './field.ts';

let field: Field;
beforeAll(async () => {
  field = await openField(false);
});
afterAll(() => field[Symbol.asyncDispose]());

describe('somebody who steals the polling token', () => {
  it('reads nothing with it, and the host gets its answer all the same', async () => {
    const stolen: string[] = [];
    const loot: Reply[] = [];
    const thiefKey = await generateKey();
    const path = '/api/v1/enroll/status/self';
    const ask = (headers: Record<string, string>, at = path) =>
      field.attacker.passOn({ method: 'GET', path: at, headers, body: '' });
    field.attacker.comeBack({
      async outward(request) {
        const token = stolen[0];
        if (!isPoll(request) || token === undefined) return request;
        // Before every poll of the host the thief tries everything a token allows.
        const proof = signProof({
          label: 'lpe1/poll',
          method: 'GET',
          path,
          token,
          privateKeyPem: thiefKey,
          timestampS: Math.floor(Date.now() / 1000),
          nonce: new Uint8Array(12),
        });
        loot.push(await ask({}, `/api/v1/enroll/status/${token}`));
        loot.push(await ask({ authorization: `Enroll ${token}` }));
        loot.push(await ask({ authorization: `Enroll ${token}`, 'enroll-proof': proof }));
        return request;
      },
      homeward(reply, request) {
        if (isRegistration(request)) stolen.push(String(/"polling_token":"(\w+)"/.exec(reply.text)?.[1]));
        return reply;
      },
    });
    await using victim = await field.newVictim('code');
    expect(await victim.enrol()).toBe('installed');
    expect(loot.length).toBeGreaterThanOrEqual(3);
    for (const answer of loot) {
      expect(answer.status).toBe(401);
      expect(answer.text).not.toContain('BEGIN');
    }
    expect(victim.host.said()).not.toContain(stolen[0]);
  });
});

describe('somebody who asks in the name of another host', () => {
  it('first is shown beside it, and the code of the host fits only its own request', async () => {
    await field.attacker.goAway();
    await using victim = await field.newVictim('code');
    const squatter = await newAgent(field.manager, { facts: { ...newHost(), ...namesOf(victim.fqdn) } });
    await squatter.register();
    expect(
      await victim.enrol({
        approving: false,
        until: async () => (await victim.hostCode()) !== undefined && field.attacker.seen.some(isPoll),
      }),
    ).toBe('stopped');
    const { conflicts } = (await field.manager.admin(`/enrollments/${squatter.requestId}`)).json().data;
    expect(conflicts.some((one) => one.includes(`of ${victim.fqdn}`))).toBe(true);
    const code = await victim.hostCode();
    const wrong = await squatter.approve({ code });
    expect([wrong.status, wrong.json().error.code]).toEqual([409, 'CODE_MISMATCH']);
    expect(await victim.enrol()).toBe('installed');
    expect((await squatter.poll()).json()).toEqual({ status: 'pending' });
  });

  it('does not keep out a host with a join token', async () => {
    await using victim = await field.newVictim('token');
    const squatter = await newAgent(field.manager, { facts: { ...newHost(), ...namesOf(victim.fqdn) } });
    await squatter.register();
    expect(await victim.enrol({ approving: false })).toBe('installed');
    expect((await squatter.approve()).json().error.code).toBe('HOST_CONFLICT');
  });
});

describe('a flood of requests', () => {
  it('keeps out neither hosts that wait, nor hosts that are in, nor hosts with a join token', async () => {
    await using manager = await startWorld({
      enrollment: { max_pending: 8, requests_per_minute: 20, allow_legacy_agents: true },
    });
    const inside = await newAgent(manager);
    const bundle = await inside.join();
    await inside.acknowledge(serialOf(bundle.server_crt));
    const waiting = await newAgent(manager);
    await waiting.register();
    const joinString = (await manager.admin('/tokens', {})).json().data.join_string;

    const statuses: number[] = [];
    for (let number = 0; number < 60; number += 1) {
      const localAddress = `127.0.1.${1 + (number % 3)}`;
      const answer = await manager.call({
        method: 'POST',
        path: '/api/v1/enroll',
        body: newHost(),
        localAddress,
      });
      statuses.push(answer.status);
    }
    expect(new Set(statuses)).toEqual(new Set([202]));
    expect((await manager.admin('/enrollments')).json().data.enrollments).toHaveLength(8);

    expect((await waiting.poll()).json()).toEqual({ status: 'pending' });
    expect((await waiting.approve()).status).toBe(200);
    expect((await waiting.poll()).json().status).toBe('approved');
    expect(
      (await renew(manager, { certificateChainPem: bundle.server_crt, keyPem: inside.keyPem })).status,
    ).toBe(200);
    const announced = await newAgent(manager, { joinString });
    expect((await announced.register()).json().ext.token).toBe('accepted');
  });
});

describe('another host of the same manager', () => {
  let siblings = 0;
  it.each<TrustMode>(['ca_file', 'pin', 'token'])(
    'cannot pose as the manager with its own certificate of the same CA, not even for its address, to a host that knows it by %s',
    async (mode) => {
      for (const [address, why] of [
        [newHost().ip_address, 'is not trusted'],
        ['127.0.0.1', 'is the certificate of a host'],
      ] as const) {
        const facts = newHost();
        siblings += 1;
        const agent_port = 30_000 + siblings;
        const sibling = await newAgent(field.manager, {
          facts: {
            ...facts,
            ip_address: address,
            os_details: { ...facts.os_details, agent_port } as never,
          },
        });
        const { server_crt: chainPem } = await sibling.join();
        field.attacker.comeBack({});
        field.attacker.poseWith({ chainPem, privateKeyPem: sibling.keyPem });
        await using victim = await field.newVictim(mode);
        await victim.enrol({ setbacks: 2 });
        expect(await victim.host.status()).toBe('missing');
        expect(field.attacker.seen.filter(isRegistration)).toEqual([]);
        expect((await victim.host.pending())?.last_error).toContain(why);
      }
    },
  );

  it('cannot get what would make it the manager: a certificate for clients, or for the name of the manager', async () => {
    const names = { ...newHost(), ...namesOf('manager.example.test') };
    const rogue = await newAgent(field.manager, { facts: names, modes: ['code', 'click'] });
    expect((await rogue.register()).status).toBe(400);
    expect((await field.manager.admin('/enrollments')).text).not.toContain('manager.example.test');
  });
});

describe('somebody who denies in the name of the manager', () => {
  it('costs a host neither its request nor an identity that works', async () => {
    field.attacker.comeBack({ outward: () => jsonReply({ status: 'denied' }, 403) });
    await using waiting = await field.newVictim('code');
    const told = () => waiting.host.said().includes('asks on');
    expect(await waiting.enrol({ approving: false, until: told })).toBe('stopped');
    expect(await waiting.host.pending()).toMatchObject({ state: 'retrying' });
    await field.attacker.goAway();
    await using victim = await field.newVictim('code');
    expect(await victim.enrol()).toBe('installed');
    field.attacker.comeBack({ outward: () => jsonReply({ status: 'denied' }, 403) });
    expect(await victim.host.status()).toBe('valid');
    await victim.host.finishInterrupted({ managerUrl: new URL(field.attacker.url) });
    expect(await victim.host.status()).toBe('valid');
  });
});

describe('somebody who can read files of the host', () => {
  it('and is not root finds no key, code or token: while it waits, and when it has joined', async () => {
    field.attacker.comeBack({});
    await using victim = await field.newVictim('code');
    const mode = async (path: string) => (await stat(join(victim.host.root, path))).mode & 0o777;
    await victim.enrol({ approving: false, until: () => field.attacker.seen.some(isPoll) });
    expect(await mode('etc/certs/pending.key.pem')).toBe(0o600);
    expect(await mode('data/enrollment.json')).toBe(0o600);
    expect(await victim.enrol()).toBe('installed');
    expect(await mode('etc/certs/server.key.pem')).toBe(0o600);
    await expect(mode('data/enrollment.json')).rejects.toThrow('ENOENT');
    await expect(mode('etc/certs/pending.key.pem')).rejects.toThrow('ENOENT');
  });
});
