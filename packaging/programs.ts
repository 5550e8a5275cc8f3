import { VERSION } from '@linux-patch/contract';

/** What is installed where, apart from what every package has. */
export interface ExtraFile {
  /** Below `packaging/`. */
  readonly source: string;
  /** Absolute path on the host. */
  readonly target: string;
  readonly mode: number;
}

/** A script to make of a program's sources. */
export interface Script {
  readonly name: string;
  /** Below the root of the repository. */
  readonly entry: string;
}

/** One of the two programs as a package. */
export interface ProgramPackage extends Script {
  readonly folder: 'agent' | 'manager';
  readonly summary: string;
  /** Lines of at most 75 characters. */
  readonly description: readonly string[];
  /** Programs beside it, on the same Node, which it starts itself, as processes or threads. */
  readonly helpers: readonly Script[];
  /** Where what people open in a browser is installed. */
  readonly pageFolder?: string;
  readonly configFile: string;
  /** What the administrator of a host allows. */
  readonly policyFile?: string;
  readonly extraFiles: readonly ExtraFile[];
  /** deb: beside the libraries that Node needs. */
  readonly debianDepends: readonly string[];
  /** rpm: what the scriptlets need beside a shell. */
  readonly rpmRequires: readonly string[];
}

export const PACKAGE_VERSION = VERSION;
/** Counts builds of one version with changed packaging (Debian policy §5.6.12, rpm and pacman alike). */
export const PACKAGE_REVISION = '1';

export const PROGRAMS: readonly ProgramPackage[] = [
  {
    name: 'linux-patch-api',
    folder: 'agent',
    summary: 'Linux Patch agent: certificates that keep themselves, and a patch API',
    description: [
      'Runs on every host of a fleet. Asks the manager to join, waits for a',
      'person to approve, proves what it received, keeps its certificates valid',
      'for ever, and lists, installs, updates, removes and rolls back packages',
      "with the host's own package manager over mutually authenticated TLS.",
    ],
    entry: 'packages/agent/src/main.ts',
    helpers: [{ name: 'linux-patch-worker', entry: 'packages/worker/src/main.ts' }],
    configFile: '/etc/linux_patch_api/config.yaml',
    policyFile: '/etc/linux_patch_api/policy.yaml',
    extraFiles: [
      {
        source: 'agent/linux-patch-api.service',
        target: '/usr/lib/systemd/system/linux-patch-api.service',
        mode: 0o644,
      },
      {
        source: 'agent/linux-patch-worker.socket',
        target: '/usr/lib/systemd/system/linux-patch-worker.socket',
        mode: 0o644,
      },
      {
        source: 'agent/linux-patch-worker@.service',
        target: '/usr/lib/systemd/system/linux-patch-worker@.service',
        mode: 0o644,
      },
      {
        source: 'agent/linux-patch-refresh.socket',
        target: '/usr/lib/systemd/system/linux-patch-refresh.socket',
        mode: 0o644,
      },
      {
        source: 'agent/linux-patch-refresh@.service',
        target: '/usr/lib/systemd/system/linux-patch-refresh@.service',
        mode: 0o644,
      },
      {
        source: 'agent/linux-patch-api.initd',
        target: '/usr/share/linux-patch-api/openrc.initd',
        mode: 0o644,
      },
      { source: 'agent/run-supervised', target: '/usr/lib/linux-patch-api/run-supervised', mode: 0o755 },
      { source: 'agent/owners', target: '/usr/lib/linux-patch-api/owners', mode: 0o755 },
      { source: 'agent/config.yaml', target: '/usr/share/linux-patch-api/config.yaml', mode: 0o644 },
      { source: 'agent/whitelist.yaml', target: '/usr/share/linux-patch-api/whitelist.yaml', mode: 0o644 },
    ],
    // useradd, for the account of the agent.
    debianDepends: ['passwd'],
    rpmRequires: ['(shadow-utils or shadow)', 'findutils'],
  },
  {
    name: 'linux-patch-manager',
    folder: 'manager',
    summary: 'Linux Patch manager: certificate authority and patching of a fleet',
    description: [
      'The one server that the agents of a fleet join: certificate authority,',
      'queue of hosts that ask to join, inventory and patch state of the fleet,',
      'and updates of many hosts. Keeps its data in one file.',
    ],
    entry: 'packages/manager/src/main.ts',
    helpers: [
      { name: 'linux-patch-manager-reader', entry: 'packages/manager/src/threads/reader.ts' },
      { name: 'linux-patch-manager-sets', entry: 'packages/manager/src/threads/sets.ts' },
    ],
    pageFolder: '/usr/lib/linux-patch-manager/page',
    configFile: '/etc/linux_patch_manager/config.yaml',
    extraFiles: [
      {
        source: 'manager/linux-patch-manager.service',
        target: '/usr/lib/systemd/system/linux-patch-manager.service',
        mode: 0o644,
      },
      { source: 'manager/config.yaml', target: '/usr/share/linux-patch-manager/config.yaml', mode: 0o644 },
    ],
    // useradd, for the account of the server.
    debianDepends: ['passwd'],
    rpmRequires: ['(shadow-utils or shadow)'],
  },
];

export const ARCHITECTURES = ['amd64', 'arm64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** What can be asked for; `apk` is answered with the reason why there is none. */
export const FORMATS = ['deb', 'rpm', 'pacman', 'apk'] as const;
export type Format = (typeof FORMATS)[number];

/** The names that each format has for an architecture. */
export const MACHINE_NAMES: Readonly<Record<Architecture, { readonly rpm: string; readonly npm: string }>> = {
  amd64: { rpm: 'x86_64', npm: 'x64' },
  arm64: { rpm: 'aarch64', npm: 'arm64' },
};

export const MAINTAINER = 'Linux Patch <packages@linux-patch.invalid>';
