import { Checkbox, Stack, Title } from '@mantine/core';
import { getRouteApi, Link } from '@tanstack/react-router';
import { ByAge } from './by-age.tsx';
import { ByHost } from './by-host.tsx';
import { ByPackage } from './by-package.tsx';
import { Narrowed } from './narrowed.tsx';
import { OfPackage } from './of-package.tsx';
import type { UpdatesSearch } from './updates-search.ts';

const route = getRouteApi('/updates');

/** What is missing where, and how bad that is. */
export function UpdatesScreen() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { by, security, age, package: name, from = 0 } = search;
  const change = (next: UpdatesSearch): void => void navigate({ search: next, replace: true });
  const go = (start: number): void => {
    const { from: _from, ...rest } = search;
    change(start === 0 ? rest : { ...rest, from: start });
  };
  const kept: UpdatesSearch = security === 'yes' ? { security } : {};
  const isByPackage = by === undefined && name === undefined;
  return (
    <>
      <Title order={1} mb="md">
        Updates
      </Title>
      <nav className="tabs" aria-label="Updates by">
        <Link
          className="shell-link"
          to="/updates"
          search={kept}
          activeOptions={{ exact: true }}
          aria-current={isByPackage ? 'page' : undefined}
        >
          By package
        </Link>
        <Link
          className="shell-link"
          to="/updates"
          search={{ ...kept, by: 'host' }}
          activeOptions={{ exact: true }}
          aria-current={by === 'host' ? 'page' : undefined}
        >
          By host
        </Link>
      </nav>
      <Stack mt="md">
        {name === undefined ? (
          <Checkbox
            label="Security updates only"
            checked={security === 'yes'}
            onChange={() =>
              change({
                ...(by ? { by } : {}),
                ...(age ? { age } : {}),
                ...(security === 'yes' ? {} : { security: 'yes' }),
              })
            }
          />
        ) : null}
        {isByPackage ? <ByAge /> : null}
        {by === 'host' ? null : <Narrowed search={search} />}
        {name === undefined ? null : <OfPackage name={name} age={age} from={from} go={go} />}
        {isByPackage ? <ByPackage search={search} go={go} /> : null}
        {by === 'host' && name === undefined ? <ByHost onlySecurity={security === 'yes'} /> : null}
      </Stack>
    </>
  );
}
