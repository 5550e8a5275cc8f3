import { Text, Title } from '@mantine/core';
import { Link, useLocation } from '@tanstack/react-router';
import { Said } from '../words/said.tsx';

/** An address that is no screen. */
export function NotHere() {
  const { pathname } = useLocation();
  return (
    <>
      <Title order={1} mb="md">
        Not here
      </Title>
      <Text role="status" className="told">
        The manager has no screen at <Said text={pathname} />. Look for a mistake in the address, or begin at{' '}
        <Link to="/">the dashboard</Link>.
      </Text>
    </>
  );
}
