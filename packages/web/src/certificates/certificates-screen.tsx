import { NativeSelect, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { type Answered } from '../api/call.ts';
import { ask } from '../api/queries.ts';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { count } from '../words/count.ts';
import { CertificateRows } from './certificate-rows.tsx';
import { STATES, stateOf } from './certificate-search.ts';
import { orderCertificates } from './order.ts';
import { RevokeCertificate } from './revoke-certificate.tsx';

const route = getRouteApi('/certificates');

function Found({
  all,
  text,
}: {
  readonly all: Answered<'listCertificates'>['certificates'];
  readonly text: string;
}) {
  const found = useMemo(() => orderCertificates(all, text), [all, text]);
  if (found.length === 0) return <Empty title="No certificate fits." />;
  return (
    <>
      <Text mb="xs" role="status">
        {count(found.length, 'certificate')}
        {found.length === all.length ? '' : ` of ${all.length.toLocaleString('en')}`}, the one that ends first
        at the top
      </Text>
      <div className="wide">
        <CertificateRows certificates={found} />
      </div>
    </>
  );
}

/** Revokes the one that the address names, as it stands in the records. */
function Revoking({ serial }: { readonly serial: string }) {
  return (
    <Loaded
      query={useQuery(ask('getCertificate', { parameters: { serial } }))}
      what={`the certificate ${serial}`}
    >
      {(certificate) => <RevokeCertificate key={serial} certificate={certificate} />}
    </Loaded>
  );
}

/** Certificates by how long they are good. */
export function CertificatesScreen() {
  const search = route.useSearch();
  const { q = '', revoke } = search;
  const state = stateOf(search);
  const navigate = route.useNavigate();
  const query = useQuery(ask('listCertificates', { query: { state } }));
  return (
    <>
      <Title order={1}>Certificates</Title>
      <Text my="md">
        Hosts renew theirs by themselves, long before they end. What issues them:{' '}
        <Link to="/settings/ca">the certificate authority</Link>.
      </Text>
      {revoke === undefined ? null : <Revoking serial={revoke} />}
      <TextInput
        type="search"
        label="Search"
        description="Part of a host's name, or of a serial number"
        value={q}
        mb="sm"
        onChange={({ currentTarget: { value } }) =>
          void navigate({
            search: ({ q: _q, ...before }) => (value === '' ? before : { ...before, q: value }),
            replace: true,
          })
        }
      />
      <NativeSelect
        label="State"
        mb="md"
        data={[...STATES]}
        value={state}
        onChange={({ currentTarget: { value } }) =>
          void navigate({ search: (before) => ({ ...before, state: value }), replace: true })
        }
      />
      <Loaded query={query} what="the certificates">
        {({ certificates }) => <Found all={certificates} text={q} />}
      </Loaded>
    </>
  );
}
