import type { CreatedJoinToken, FleetAct, Host } from '@linux-patch/contract';
import { newAgent, type Reachable, renew, serialOf } from './agents.ts';
import type { Answer } from './https-call.ts';
import { dataOf } from './known-host.ts';

/** Kinds of changes. */
export const KINDS = [
  'request',
  'approval',
  'installation',
  'renewal',
  'revocation',
  'join token',
  'label',
  'act',
] as const;

/** A change that was answered as done, and so has to be on record for ever. */
export interface Done {
  readonly kind: (typeof KINDS)[number];
  /** By which it is found: an id or a serial number; of a label its number, of which a later one is as good. */
  readonly id: string;
}

/** What ends a round of changes: an answer that is none of success. */
class NotDone extends Error {}

/** Hosts, and changes of every kind to them, as they come all at the same time. */
export interface Writes {
  readonly done: readonly Done[];
  /** Refusals other than the ones that a database which is away is to be answered with. */
  readonly unexpected: readonly string[];
  /** Every kind of change over and over, until each of them was refused once, or its connection broke. */
  untilRefused(): Promise<void>;
  /** Ends at the next change of each kind. */
  end(): void;
  /** Resolves when this many more changes were answered as done. */
  more(count: number): Promise<void>;
  /** Resolves when one of every kind was. */
  everyKind(): Promise<void>;
}

async function joined(manager: Reachable) {
  const agent = await newAgent(manager);
  const bundle = await agent.join();
  await agent.acknowledge(serialOf(bundle.server_crt));
  const { id } = dataOf<Host>(await manager.admin(`/hosts/${agent.facts.fqdn}`));
  return { id, fqdn: agent.facts.fqdn, keyPem: agent.keyPem, certificateChainPem: bundle.server_crt };
}

/** One step after the other of the way of a host into the fleet and out of it; a step that was refused is done again, as hosts and people do. */
function joining(
  manager: Reachable,
  note: (kind: Done['kind'], id: string) => void,
  good: (answer: Answer, ...wanted: number[]) => Answer,
): () => Promise<void> {
  let agent: Awaited<ReturnType<typeof newAgent>>;
  let serial = '';
  const steps: readonly (() => Promise<void>)[] = [
    async () => {
      agent = await newAgent(manager);
      good(await agent.register(), 202);
      note('request', agent.requestId);
    },
    async () => {
      // 409: it was approved, and the answer got lost.
      good(await agent.approve(), 200, 409);
      note('approval', agent.requestId);
    },
    async () => {
      serial = serialOf(good(await agent.poll(), 200).json().server_crt);
      good(await agent.acknowledge(serial), 200, 204);
      note('installation', agent.requestId);
    },
    async () => {
      good(await manager.admin(`/certificates/${serial}/revoke`, { reason: 'keyCompromise' }), 200);
      note('revocation', serial);
    },
  ];
  let next = 0;
  return async () => {
    await steps[next]?.();
    next = (next + 1) % steps.length;
  };
}

/**
 * Lets in what the changes need, and makes none yet.
 * @param isRefusal whether an answer is what a caller is to hear while nothing can be written
 */
export async function openWrites(
  manager: Reachable & { readonly put: (path: string, body: object) => Promise<Answer> },
  isRefusal: (answer: Answer) => boolean,
): Promise<Writes> {
  const hosts = [await joined(manager), await joined(manager), await joined(manager)] as const;
  const [renewing, labelled] = hosts;
  const done: Done[] = [];
  const unexpected: string[] = [];
  const waiting = new Set<{ readonly isOver: () => boolean; readonly tell: () => void }>();
  let ended = false;
  let labels = 0;

  const note = (kind: Done['kind'], id: string): void => {
    done.push({ kind, id });
    for (const one of waiting) if (one.isOver()) one.tell();
  };
  const good = (answer: Answer, ...wanted: number[]): Answer => {
    if (wanted.includes(answer.status)) return answer;
    if (!isRefusal(answer)) unexpected.push(`${answer.status} ${answer.text.slice(0, 400)}`);
    throw new NotDone();
  };

  const rounds: readonly (() => Promise<void>)[] = [
    joining(manager, note, good),
    joining(manager, note, good),
    async () => {
      // Of the same certificate again and again, as of a host that loses every answer.
      const answer = good(await renew(manager, renewing), 200, 201);
      note('renewal', serialOf(answer.json().server_crt));
    },
    async () => {
      const { token } = dataOf<CreatedJoinToken>(good(await manager.admin('/tokens', {}), 200));
      note('join token', token.id);
    },
    async () => {
      labels += 1;
      const number = String(labels);
      good(await manager.put(`/hosts/${labelled.fqdn}/labels`, { set: { number } }), 200);
      note('label', number);
    },
    async () => {
      const ids = hosts.map(({ id }) => id);
      const body = { operation: 'patch_apply', hosts: ids };
      note('act', dataOf<FleetAct>(good(await manager.admin('/acts', body), 202)).id);
    },
  ];

  const until = async (isOver: () => boolean): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const one = { isOver, tell: resolve };
    waiting.add(one);
    if (isOver()) resolve();
    await promise;
    waiting.delete(one);
  };
  const repeat = async (round: () => Promise<void>): Promise<void> => {
    while (!ended) {
      try {
        await round();
      } catch (error) {
        // A manager that was killed breaks the connections on which it was asked.
        const { code } = error as { readonly code?: string };
        if (error instanceof NotDone || /^E[A-Z]+$/.test(code ?? '')) return;
        throw error;
      }
    }
  };
  return {
    done,
    unexpected,
    async untilRefused() {
      ended = false;
      await Promise.all(rounds.map(repeat));
    },
    end() {
      ended = true;
    },
    more(count) {
      const enough = done.length + count;
      return until(() => done.length >= enough);
    },
    everyKind: () => until(() => new Set(done.map(({ kind }) => kind)).size === KINDS.length),
  };
}
