import type { Answered } from '../api/call.ts';
import { Listing } from '../words/listing.tsx';
import { AuditRow, COLUMNS } from './audit-row.tsx';
import { namesIn } from './fields.ts';

/** Records, newest first. */
export function AuditTable({ records }: { readonly records: Answered<'listAudit'>['records'] }) {
  const called = namesIn(records);
  return (
    <Listing caption="Records, newest first" columns={COLUMNS}>
      {records.map((record) => (
        <AuditRow key={record.seq} record={record} called={called} />
      ))}
    </Listing>
  );
}
