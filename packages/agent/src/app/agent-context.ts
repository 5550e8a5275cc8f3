import type {
  Clock,
  Commands,
  Files,
  Logger,
  LogLevel,
  ProcessUsage,
  Random,
  ServiceNotifier,
} from '@linux-patch/runtime';
import type { AuditLog } from '../audit/audit-log.ts';
import type { ClockWatch } from '../clock/watch.ts';
import type { Settings } from '../config/load.ts';
import type { AgentConfig } from '../config/schema.ts';
import type { EnrollmentPlaces, EnrollmentTime } from '../enrollment/settings.ts';
import type { Host } from '../host/host.ts';
import type { Network } from '../host/network.ts';
import type { Liveness } from '../identity/liveness.ts';
import type { IdentityPlace } from '../identity/store/read.ts';
import type { AgentCounters } from '../metrics/counters.ts';

/** What the agent's program uses of the outside world; `main.ts` picks the real ones. */
export interface AgentDoors {
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Files;
  readonly network: Network;
  readonly createLogger: (settings: LogSettings) => Logger;
  readonly program: Program;
}

/** This process, and who started it. */
export interface Program {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Draws a line of standard output again; absent where that is no terminal. */
  readonly redraw?: ((line: string) => void) | undefined;
  /** Asks the person at the terminal for one line; absent where nobody is. */
  readonly ask?: ((question: string, signal: AbortSignal) => Promise<string>) | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** These know the worker by its name. */
  readonly commands: Commands;
  readonly usage: () => ProcessUsage;
  /** Whether a service manager started this program, so that nobody sees at once how it ends. */
  readonly supervised: boolean;
  /** Calls back when the service manager asks for a reload (SIGHUP). */
  readonly onReload: (reload: () => void) => Disposable;
  /** Aborts when the program is told to stop. */
  readonly stopped: AbortSignal;
}

/** Where log lines go. */
export interface LogSettings {
  readonly level: LogLevel;
  /** Standard error, which journald collects. */
  readonly journal: boolean;
  /** `HOST` or `HOST:PORT` of a syslog server. */
  readonly syslogServer: string | undefined;
}

/** One run of the agent with its configuration. */
export interface AgentContext {
  readonly host: Host;
  readonly settings: Settings;
  /** Where the identity of this host lies, and by what it is judged. */
  readonly place: IdentityPlace;
  readonly enrollment: EnrollmentPlaces;
  readonly time: AgentTime;
  readonly report: AgentReport;
  readonly program: Program;
  readonly run: AgentRun;
}

/** By what a run waits; its signal also aborts when it has to begin anew with another configuration. */
export interface AgentTime extends EnrollmentTime {
  readonly clockWatch: ClockWatch;
}

/** Whom a run tells what it does. */
export interface AgentReport {
  readonly logger: Logger;
  readonly audit: AuditLog;
  readonly counters: AgentCounters;
  readonly notifier: ServiceNotifier;
}

/** Follows the configuration while the agent only waits, so that what changes counts without a restart. */
export interface Reconfiguration extends AsyncDisposable {
  /** Aborts when the configuration is another one; what was begun with the old one ends then. */
  readonly changed: AbortSignal;
  /** The newest configuration without faults. The file may have been broken since. */
  readonly latest: AgentConfig;
  /** Serving begins: from now on a change waits for a restart. */
  end(): Promise<void>;
}

/** How a run fares. */
export interface AgentRun {
  readonly liveness: Liveness;
  readonly reconfiguration: Reconfiguration;
  /**
   * `Clock.monotonicMs` until which a fault that keeps the agent from starting is waited out; undefined where nobody
   * waits.
   */
  readonly startDeadlineMs: number | undefined;
}

/**
 * Exit codes of the service and of `--enroll` and `--renew-certs`. `again` is none: the configuration has changed, and
 * the work begins anew with it.
 */
export const EXIT = { clean: 0, error: 1, unfinished: 2, again: -1 } as const;
