import type { AgentAuditEvent } from '@linux-patch/contract';
import type { Clock, Commands, Files, Logger, Random } from '@linux-patch/runtime';
import type { Network } from '../host/network.ts';
import type { CertificatePaths } from '../identity/store/paths.ts';
import type { ProxyChoice } from '../manager-link/proxy.ts';
import type { ConfiguredToken } from './state/configured-token.ts';
import type { PendingPlaces } from './state/pending.ts';
import type { JoinPlaces } from './trust/join-source.ts';
import type { OwnVerdict } from './trust/join-verdict.ts';
import type { TrustMode } from './trust/trust.ts';

/** Records an event that a security reviewer wants to see; never given a secret. */
export type Audit = (event: AgentAuditEvent, fields?: Readonly<Record<string, unknown>>) => void;

/** The configuration of one enrolment. */
export interface EnrollSettings {
  /** Base URL of the manager, without path. */
  readonly managerUrl: URL;
  readonly caFile: string | undefined;
  readonly caFingerprint: string | undefined;
  readonly trust: TrustMode;
  /** Where a join string may be; nowhere without it. */
  readonly join?: JoinPlaces;
  readonly pollingIntervalMs: number;
  readonly maxPollAttempts: number;
  readonly reportIp: string | undefined;
  readonly reportInterface: string | undefined;
  /** Port on which this agent will serve. */
  readonly agentPort: number;
  /** Key id of the identity of another host that lies on this one, for the administrator of the manager. */
  readonly cloneOf?: string | undefined;
  /** `service`: waits out what a person can mend; `once`: a command that reports and ends. */
  readonly mode: 'service' | 'once';
}

/** Where an enrolment keeps things. */
export interface EnrollPlaces extends PendingPlaces {
  /** Prefix of `/etc/machine-id` and the like. */
  readonly root: string;
  readonly certificates: CertificatePaths;
}

/** What this host knows about its clock. */
export interface ClockKnowledge {
  readonly verdict: { readonly state: 'ok' | 'suspect' | 'bad'; readonly message: string };
  /** Takes the time of a manager that proved itself. */
  heard(dateMs: number): void;
  /** Resolves when the clock was moved, or when the signal aborts. */
  moved(signal: AbortSignal): Promise<void>;
}

/** The doors an enrolment uses. */
export interface EnrollDoors {
  readonly clock: Clock;
  readonly clockWatch?: ClockKnowledge;
  readonly random: Random;
  readonly files: Files;
  readonly commands: Commands;
  readonly network: Network;
  /** Through which proxy the manager is asked; directly without it. */
  readonly proxyFor?: ProxyChoice;
  readonly logger: Logger;
  readonly audit: Audit;
  /** A token that an earlier version wrote into the configuration. */
  readonly configuredToken: ConfiguredToken;
  /** Lets the manager through the address filter. */
  readonly learnAddresses: (addresses: readonly string[]) => Promise<void>;
  /** Told whenever the state changes, for `STATUS=` and terminals. */
  readonly onProgress: (progress: EnrollProgress) => void;
}

/** What an enrolment is doing, for people; holds no secret but the host code, which only `--enroll` prints. */
export interface EnrollProgress {
  readonly state: 'starting' | 'registering' | 'waiting' | 'installing' | 'needs_person' | 'retrying';
  readonly managerUrl: string;
  readonly keyId: string;
  readonly sinceMs: number;
  readonly lastError: string | undefined;
  /** What became of the join token, when one was shown. */
  readonly joinToken?: OwnVerdict | undefined;
}

/** How an enrolment ended. */
export type EnrollOutcome =
  | { readonly kind: 'installed' }
  | { readonly kind: 'denied'; readonly reason: string | undefined }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'gave_up'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };

export type EnrollContext = EnrollSettings & EnrollPlaces & EnrollDoors & { readonly signal: AbortSignal };
