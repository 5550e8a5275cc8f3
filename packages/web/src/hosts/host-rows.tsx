import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import { Said } from '../words/said.tsx';
import { saidText } from '../words/said-text.ts';
import { When } from '../words/when.tsx';
import type { HostsSearch } from './hosts-search.ts';
import type { KnownHost } from './known-host.ts';
import { type Column, columnOf, nextOrder } from './order.ts';
import { StateName } from './state-name.tsx';

const ROW_PX = 44;
/** What matters most comes first: a telephone shows no more than that at once. */
const COLUMNS: readonly (readonly [words: string, column: Column])[] = [
  ['State', 'state'],
  ['Security', 'security'],
  ['All', 'updates'],
  ['Reboot', 'reboot'],
  ['Seen', 'seen'],
  ['System', 'system'],
];
const REBOOTS = { needed: '⟳ needed', no: 'no', unknown: '?' } as const;

function Row({
  host,
  index,
  start,
}: {
  readonly host: KnownHost;
  readonly index: number;
  readonly start: number;
}) {
  const marks = [...host.groups, ...host.labels];
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className="row row-body"
      style={{ transform: `translateY(${start}px)` }}
    >
      <span role="cell" className="row-name">
        <Link to="/hosts/$name" params={{ name: host.fqdn }} title={host.fqdn}>
          {host.fqdn}
        </Link>
        {marks.length > 0 ? <small title={marks.join(', ')}>{marks.join(', ')}</small> : null}
      </span>
      <span role="cell" title={host.reason ?? undefined}>
        <StateName state={host.state} />
        {host.reason === null ? '' : `: ${host.reason}`}
      </span>
      <span role="cell">{host.securityUpdates ?? '?'}</span>
      <span role="cell">{host.updates ?? '?'}</span>
      <span role="cell" title={host.rebootReasons.join('; ') || undefined}>
        {REBOOTS[host.reboot]}
      </span>
      <span role="cell">
        <When at={host.seenAt} />
      </span>
      <span role="cell" title={saidText(host.os)}>
        <Said text={host.os} />
      </span>
    </div>
  );
}

/** Heads a column by which the list can be put in order: most first, then least, then by name again. */
function Sorted({
  words,
  column,
  search,
}: {
  readonly words: string;
  readonly column: Column;
  readonly search: HostsSearch;
}) {
  const { sort, ...rest } = search;
  const isBy = sort !== undefined && columnOf(sort) === column;
  const isDown = sort?.startsWith('-') ?? false;
  const next = nextOrder(column, sort);
  return (
    <span role="columnheader" aria-sort={isBy ? (isDown ? 'descending' : 'ascending') : 'none'}>
      <Link className="sort" to="/hosts" search={next === undefined ? rest : { ...rest, sort: next }} replace>
        {words}
        <span aria-hidden="true">{isBy ? (isDown ? ' ▼' : ' ▲') : ''}</span>
      </Link>
    </span>
  );
}

/** A list as long as the fleet, of which only what can be seen is in the document. */
export function HostRows({
  hosts,
  search,
}: {
  readonly hosts: readonly KnownHost[];
  readonly search: HostsSearch;
}) {
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
          <span role="columnheader">Name</span>
          {COLUMNS.map(([words, column]) => (
            <Sorted key={column} words={words} column={column} search={search} />
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
