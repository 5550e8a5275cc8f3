import { PERMISSIONS, type Permission } from '@linux-patch/contract';

/** Who calls, as far as it is known: the one value by which a call is let through and recorded. */
export interface Actor {
  /** As records name it. */
  readonly name: string;
  readonly permissions: ReadonlySet<Permission>;
}

/** Whoever may do everything. */
export function administrator(name: string): Actor {
  return { name, permissions: new Set(Object.keys(PERMISSIONS) as Permission[]) };
}

/** Nobody asked who this is; agents prove later whose key they hold. */
export const STRANGER: Actor = { name: 'unknown', permissions: new Set() };
