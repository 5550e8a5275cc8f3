import type { Answered } from '../api/call.ts';
import { Listing } from '../words/listing.tsx';
import { AuditRow, COLUMNS } from './audit-row.tsx';

/** Records, newest first. */
export function AuditTable({ records }: { readonly records: Answered<'listAudit'>['records'] }) {
  return (
    <Listing caption="Records, newest first" columns={COLUMNS}>
      {records.map((record) => (
        <AuditRow key={record.seq} record={record} />
      ))}
    </Listing>
  );
}
