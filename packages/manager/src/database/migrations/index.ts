import type { Migration } from 'kysely/migration';
import { initial } from './001-initial.ts';

/** Every migration by name, imported one by one so that a bundle holds them. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = { '001-initial': initial };
