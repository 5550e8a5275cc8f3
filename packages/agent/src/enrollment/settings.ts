import type { OsDetails } from '@linux-patch/contract';
import type { Clock, Logger, Random } from '@linux-patch/runtime';
import type { HostBinding, JoinPlaces } from '@linux-patch/worker';
import type { AuditLog } from '../audit/audit-log.ts';
import type { HostIdentity } from '../host/host-identity.ts';
import type { ConfiguredToken } from './older/configured-token.ts';
import type { PendingEnrollment, PendingPlaces } from './state/pending.ts';
import type { OwnVerdict } from './trust/join-verdict.ts';

/** `service`: waits out what a person can mend; `once`: a command that reports and ends. */
export type EnrollMode = 'service' | 'once';

/** This host as it asks a manager to join, read anew each time. */
export interface Applicant {
  /** Base URL of the manager, without path. */
  readonly managerUrl: URL;
  /** Key id of the identity of another host that lies on this one, for the administrator of the manager. */
  readonly cloneOf: string | undefined;
  /** @throws PatchError `IDENTITY_UNAVAILABLE` while the host has no name or address */
  readonly identity: () => Promise<HostIdentity>;
  /** What this machine is recognised by. */
  readonly binding: () => Promise<HostBinding>;
  /** Every address of this host; undefined when the configuration says which one counts. */
  readonly addresses: () => readonly string[] | undefined;
  /** The operating system, and the port on which this agent will serve. */
  readonly details: () => Promise<OsDetails & { readonly agent_port: number }>;
}

/** What this host knows about its clock. */
export interface ClockKnowledge {
  readonly verdict: { readonly state: 'ok' | 'suspect' | 'bad'; readonly message: string };
  /** Takes the time of a manager that proved itself. */
  heard(dateMs: number): void;
  /** Resolves when the clock was moved, or when the signal aborts. */
  moved(signal: AbortSignal): Promise<void>;
}

/** Where an enrolment finds what it is given, and keeps what it has begun. */
export interface EnrollmentPlaces {
  readonly pending: PendingPlaces;
  /** A token that an earlier version wrote into the configuration. */
  readonly configuredToken: ConfiguredToken;
  readonly join: JoinPlaces;
}

/** By what an enrolment waits, and until when. */
export interface EnrollmentTime {
  readonly clock: Clock;
  readonly clockWatch: ClockKnowledge;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** Whom an enrolment tells what it does. */
export interface EnrollmentReport {
  readonly logger: Logger;
  readonly audit: AuditLog;
  /** Told whenever the state changes, for `STATUS=` and terminals. */
  readonly onProgress: (progress: EnrollProgress) => void;
}

/** What an enrolment is doing, for people; holds no secret but the host code, which only `--enroll` prints. */
export interface EnrollProgress {
  readonly state: PendingEnrollment['state'];
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
