import type { Certificate } from '@linux-patch/contract';
import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import { Ends } from '../words/ends.tsx';
import { kindOf } from './order.ts';

const ROW_PX = 44;
const COLUMNS = ['Host', 'For', 'Ends', 'State', 'Serial number', 'Change'];

function Row({
  certificate,
  index,
  start,
}: {
  readonly certificate: Certificate;
  readonly index: number;
  readonly start: number;
}) {
  const { serial, host, subject, not_after: notAfter, state } = certificate;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className="row row-certificate row-body"
      style={{ transform: `translateY(${start}px)` }}
    >
      <span role="cell">
        {host === null ? (
          subject
        ) : (
          <Link to="/hosts/$name/$tab" params={{ name: host, tab: 'identity' }}>
            {host}
          </Link>
        )}
      </span>
      <span role="cell">{kindOf(certificate)}</span>
      <span role="cell">
        <Ends at={notAfter} />
      </span>
      <span role="cell">{state === 'valid' ? 'valid' : `✖ ${state}`}</span>
      <span role="cell" title={serial}>
        {serial}
      </span>
      <span role="cell">
        {state === 'valid' ? (
          <Link
            to="/certificates"
            search={(before) => ({ ...before, revoke: serial })}
            aria-label={`Revoke the certificate ${serial} of ${host ?? subject}`}
          >
            Revoke …
          </Link>
        ) : null}
      </span>
    </div>
  );
}

/** A list of any length, of which only what can be seen is in the document. */
export function CertificateRows({ certificates }: { readonly certificates: readonly Certificate[] }) {
  const place = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: certificates.length,
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
      aria-label="Certificates"
      aria-rowcount={certificates.length + 1}
    >
      <div role="rowgroup" className="row-head">
        <div role="row" className="row row-certificate" aria-rowindex={1}>
          {COLUMNS.map((name) => (
            <span role="columnheader" key={name}>
              {name}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup" style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map(({ index, start }) => {
          const one = certificates[index];
          return one ? <Row key={one.serial} certificate={one} index={index} start={start} /> : null;
        })}
      </div>
    </div>
  );
}
