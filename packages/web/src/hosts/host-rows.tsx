import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import { Said } from '../words/said.tsx';
import { When } from '../words/when.tsx';
import type { KnownHost } from './known-host.ts';
import { StateName } from './state-name.tsx';

const ROW_PX = 44;
const COLUMNS = ['Name', 'System', 'Security', 'All', 'Seen', 'State'];

function Row({
  host,
  index,
  start,
}: {
  readonly host: KnownHost;
  readonly index: number;
  readonly start: number;
}) {
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className="row row-body"
      style={{ transform: `translateY(${start}px)` }}
    >
      <span role="cell">
        <Link to="/hosts/$name" params={{ name: host.fqdn }}>
          {host.fqdn}
        </Link>
      </span>
      <span role="cell">
        <Said text={host.os} />
      </span>
      <span role="cell">{host.securityUpdates ?? '?'}</span>
      <span role="cell">{host.updates ?? '?'}</span>
      <span role="cell">
        <When at={host.seenAt} />
      </span>
      <span role="cell" title={host.reason ?? undefined}>
        <StateName state={host.state} />
        {host.reason === null ? '' : `: ${host.reason}`}
      </span>
    </div>
  );
}

/** A list as long as the fleet, of which only what can be seen is in the document. */
export function HostRows({ hosts }: { readonly hosts: readonly KnownHost[] }) {
  const place = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: hosts.length,
    getScrollElement: () => place.current,
    estimateSize: () => ROW_PX,
    overscan: 10,
  });
  return (
    <div
      className="rows"
      ref={place}
      tabIndex={0}
      role="table"
      aria-label="Hosts"
      aria-rowcount={hosts.length + 1}
    >
      <div role="rowgroup" className="row-head">
        <div role="row" className="row" aria-rowindex={1}>
          {COLUMNS.map((name) => (
            <span role="columnheader" key={name}>
              {name}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup" style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map(({ index, start }) => {
          const host = hosts[index];
          return host ? <Row key={host.id} host={host} index={index} start={start} /> : null;
        })}
      </div>
    </div>
  );
}
