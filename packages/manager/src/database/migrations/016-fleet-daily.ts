import type { Kysely } from 'kysely';

/** How the fleet fared on each day. */
export const fleetDaily = {
  async up(db: Kysely<unknown>): Promise<void> {
    let table = db.schema
      .createTable('fleet_daily')
      .addColumn('day', 'integer', (column) => column.primaryKey())
      .addColumn('at', 'bigint', (column) => column.notNull());
    for (const number of [
      'hosts_current',
      'hosts_behind',
      'hosts_unknown',
      'hosts_security',
      'updates',
      'security_updates',
      'certificates_none',
      'certificates_expired',
      'certificates_week',
      'certificates_month',
      'certificates_later',
    ])
      table = table.addColumn(number, 'integer', (column) => column.notNull());
    await table.execute();
  },
};
