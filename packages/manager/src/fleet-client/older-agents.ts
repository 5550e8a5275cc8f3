/** Words of older agents and ours for them. */
const WORDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  status: {
    Installed: 'installed',
    Upgradable: 'upgradable',
    Available: 'available',
    NotInstalled: 'available',
    timedout: 'timeout',
    timed_out: 'timeout',
    succeeded: 'completed',
  },
  operation: { patchapply: 'patch_apply' },
};

/** Members that older agents leave out, by a member that tells what kind of object it is. */
const DEFAULTS: readonly {
  readonly kind: readonly string[];
  readonly values: Readonly<Record<string, unknown>>;
}[] = [
  {
    kind: ['name', 'version', 'status'],
    values: {
      architecture: '',
      size_bytes: null,
      held: false,
      origin: null,
      security: false,
      cve_ids: [],
      latest_version: null,
      description: '',
      upgradable: false,
    },
  },
  {
    kind: ['name', 'current_version', 'available_version'],
    values: {
      advisories: [],
      security: false,
      origin: null,
      held: false,
      phased: false,
      requires_reboot: false,
      cve_ids: [],
      severity: 'unknown',
      description: '',
    },
  },
  { kind: ['packages', 'total'], values: { limit: null, offset: 0 } },
  { kind: ['jobs', 'total'], values: { limit: null, offset: 0 } },
];

type PlainObject = Readonly<Record<string, unknown>>;

function complete(value: PlainObject): PlainObject {
  const fitting = DEFAULTS.filter(({ kind }) => kind.every((member) => member in value));
  return Object.assign({}, ...fitting.map(({ values }) => values), value) as PlainObject;
}

/** Rewrites what an older agent says into today's words; what today's agents say passes unchanged. */
export function fromOlderAgent(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromOlderAgent);
  if (typeof value !== 'object' || value === null) return value;
  const translated = Object.entries(complete(value as PlainObject)).map(([name, member]) => {
    const word = typeof member === 'string' ? WORDS[name]?.[member] : undefined;
    return [name, word ?? fromOlderAgent(member)] as const;
  });
  return Object.fromEntries(translated);
}
