import { join } from 'node:path';
import {
  type CertificateFacts,
  createRoot,
  generateKey,
  issueCertificate,
  issuingProfile,
  parseCertificate,
  publicKeySpki,
  rootProfile,
  serialFrom,
  spkiFingerprint,
} from '@linux-patch/pki';
import type { Clock, Files, Random } from '@linux-patch/runtime';
import { type CaState, FIRST_CA, folderOf, readCaState, writeCaState } from './ca-state.ts';
import { issueOwn } from './init.ts';
import { certifyIssuing, certifyIssuingAnew, isIssuingDue } from './issuing.ts';
import { findCertificates, findPair, type Pair, readPair, writePair } from './key-files.ts';

/** A CA that can sign. */
export interface Ca {
  readonly id: string;
  readonly root: Pair;
  readonly issuing: Pair;
  readonly rootFacts: CertificateFacts;
  readonly issuingFacts: CertificateFacts;
  /** `sha256:…` of the root's key, as pins have it. */
  readonly fingerprint: string;
  /** The root's key as certified by the root before it: who knows only that one can follow. */
  readonly crossPem: string | undefined;
}

/** A CA whose keys are destroyed. */
export interface RetiredCa extends Omit<Ca, 'root' | 'issuing'> {
  readonly why: CaState['retired'][number]['why'];
}

/** The CAs on disk and the phase they are in; every change is durable before it is seen. */
export interface CaStore {
  readonly state: CaState;
  readonly current: Ca;
  readonly next: Ca | undefined;
  readonly retired: readonly RetiredCa[];
  /** Certifies issuing CAs anew that come close to their end; returns those that were, and those whose certificate was lost. */
  renewIssuing(agentDays: number): Promise<Ca[]>;
  /** Makes the successor of the current CA; hosts are to learn to trust it. */
  begin(): Promise<Ca>;
  enter(phase: CaState['phase']): Promise<void>;
  /** Leaves one CA and destroys the keys of the other. */
  finish(keep: 'current' | 'next', compromised: boolean): Promise<void>;
}

export interface CaStoreOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly caFolder: string;
}

const KEY_FILES = ['root.key.pem', 'issuing.key.pem'] as const;
/** Begins the name of a folder in which a CA is made. */
const STAGING = '.ca-';

/** Ids of CAs whose issuing certificate had to be made again while they were read. */
type Reading = CaStoreOptions & { readonly remade: Set<string> };

async function readCa(options: Reading, id: string): Promise<Ca> {
  const { files, caFolder } = options;
  const folder = folderOf(caFolder, id);
  const root = await readPair(files, folder, 'root');
  const issuing = (await remadeIssuing(options, id, root)) ?? (await readPair(files, folder, 'issuing'));
  return {
    id,
    root,
    issuing,
    ...factsOf(root.certificatePem, issuing.certificatePem),
    crossPem: await findCertificates(files, join(folder, 'cross.pem')),
  };
}

/** The certificate of an issuing CA that was lost, certified again for its key; undefined when there is nothing to do. */
async function remadeIssuing(options: Reading, id: string, root: Pair): Promise<Pair | undefined> {
  const { files, caFolder } = options;
  const folder = folderOf(caFolder, id);
  if (await findPair(files, folder, 'issuing')) return undefined;
  const privateKeyPem = await files.readText(join(folder, 'issuing.key.pem'));
  if (privateKeyPem === undefined) return undefined;
  const issuing = await certifyIssuing(options, root, { commonName: issuingName(id), privateKeyPem });
  await writePair(files, folder, 'issuing', issuing);
  options.remade.add(id);
  return issuing;
}

/** Common name of the issuing CA; the first has no number. */
function issuingName(id: string): string {
  return id === FIRST_CA ? 'Linux Patch Issuing CA' : `Linux Patch Issuing CA ${id.slice('ca-'.length)}`;
}

function factsOf(rootPem: string, issuingPem: string) {
  return {
    rootFacts: parseCertificate(rootPem),
    issuingFacts: parseCertificate(issuingPem),
    fingerprint: spkiFingerprint(rootPem),
  };
}

/** A retired CA without its certificates only loses its memory: pins of it and hosts left behind count no more. */
async function readRetired(
  { files, caFolder }: CaStoreOptions,
  { id, why }: CaState['retired'][number],
): Promise<RetiredCa[]> {
  const folder = folderOf(caFolder, id);
  const rootPem = await findCertificates(files, join(folder, 'root.pem'));
  const issuingPem = await findCertificates(files, join(folder, 'issuing.pem'));
  if (rootPem === undefined || issuingPem === undefined) return [];
  const crossPem = await findCertificates(files, join(folder, 'cross.pem'));
  return [{ id, why, ...factsOf(rootPem, issuingPem), crossPem }];
}

/** Also what a crash between the end of a rotation and this left. */
async function destroyKeys({ files, caFolder }: CaStoreOptions, state: CaState): Promise<void> {
  for (const { id } of state.retired) {
    for (const name of KEY_FILES) {
      const path = join(folderOf(caFolder, id), name);
      if (await files.facts(path)) await files.remove(path);
    }
  }
}

/** A new root with its issuing CA, in a folder that appears in one step; nothing refers to it yet. */
async function makeSuccessor(options: CaStoreOptions, id: string, current: Ca): Promise<void> {
  const { files, clock, random, caFolder } = options;
  const number = id.slice('ca-'.length);
  const profile = rootProfile(`Linux Patch Root CA ${number}`);
  const privateKeyPem = await generateKey();
  const now = clock.now();
  const root = {
    privateKeyPem,
    certificatePem: await createRoot({ profile, privateKeyPem, serial: serialFrom(random.bytes(16)), now }),
  };
  const issuing = await issueOwn(options, root, issuingProfile(issuingName(id)));
  const crossPem = await issueCertificate({
    profile,
    subjectSpki: publicKeySpki(privateKeyPem),
    issuer: current.root,
    serial: serialFrom(random.bytes(16)),
    now,
  });
  const staging = join(caFolder, `${STAGING}${random.uuid()}`);
  await files.makeFolder(staging, 0o700);
  await writePair(files, staging, 'root', root);
  await writePair(files, staging, 'issuing', issuing);
  await files.writeDurably({ path: join(staging, 'cross.pem'), data: crossPem, mode: 0o644 });
  await files.rename(staging, folderOf(caFolder, id));
  await files.syncFolder(caFolder);
}

/** Removes keys of CAs that never came to be, and finds an id that no folder has. */
async function freeId({ files, caFolder }: CaStoreOptions): Promise<string> {
  const names = await files.list(caFolder);
  for (const name of names) if (name.startsWith(STAGING)) await files.remove(join(caFolder, name));
  const numbers = names.flatMap((name) => /^ca-(\d+)$/.exec(name)?.[1] ?? []).map(Number);
  return `ca-${Math.max(1, ...numbers) + 1}`;
}

/**
 * Opens the CAs that `init` and rotations made.
 * @throws PatchError `NOT_INITIALIZED`
 */
export async function openCaStore(given: CaStoreOptions): Promise<CaStore> {
  const options: Reading = { ...given, remade: new Set() };
  const { files, clock, caFolder, remade } = options;
  const load = async (state: CaState) => ({
    state,
    current: await readCa(options, state.current),
    next: state.next === null ? undefined : await readCa(options, state.next),
    retired: (await Promise.all(state.retired.map((one) => readRetired(options, one)))).flat(),
  });
  let held = await load(await readCaState(files, caFolder));
  await destroyKeys(options, held.state);
  const change = async (state: CaState): Promise<void> => {
    await writeCaState(files, caFolder, state);
    held = await load(state);
  };
  const now = (): string => new Date(clock.now()).toISOString();
  return {
    get state() {
      return held.state;
    },
    get current() {
      return held.current;
    },
    get next() {
      return held.next;
    },
    get retired() {
      return held.retired;
    },
    async renewIssuing(agentDays) {
      const renewed = [...remade];
      remade.clear();
      for (const ca of [held.current, ...(held.next ? [held.next] : [])]) {
        const authorities = { root: ca.rootFacts, issuing: ca.issuingFacts };
        if (!isIssuingDue(authorities, agentDays, clock.now())) continue;
        const pair = await certifyIssuingAnew(options, ca.root, ca.issuing);
        await writePair(files, folderOf(caFolder, ca.id), 'issuing', pair);
        renewed.push(ca.id);
      }
      if (renewed.length === 0) return [];
      held = await load(held.state);
      return [held.current, held.next].filter((ca) => ca !== undefined && renewed.includes(ca.id)) as Ca[];
    },
    async begin() {
      const id = await freeId(options);
      await makeSuccessor(options, id, held.current);
      await change({ ...held.state, phase: 'trust', since: now(), next: id });
      return held.next ?? held.current;
    },
    enter: (phase) => change({ ...held.state, phase, since: now() }),
    async finish(keep, compromised) {
      const { state } = held;
      if (state.next === null) return;
      const [kept, gone] = keep === 'next' ? [state.next, state.current] : [state.current, state.next];
      const why = keep === 'current' ? 'discarded' : compromised ? 'compromised' : 'retired';
      await change({
        v: 1,
        phase: 'standby',
        since: now(),
        current: kept,
        next: null,
        retired: [{ id: gone, at: now(), why }, ...state.retired],
      });
      await destroyKeys(options, held.state);
    },
  };
}
