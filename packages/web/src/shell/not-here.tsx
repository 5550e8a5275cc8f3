import { Link } from '@tanstack/react-router';
import { Empty } from '../states/empty.tsx';

/** An address that is no screen. */
export function NotHere() {
  return (
    <Empty title="There is no screen at this address.">
      <Link to="/">To the dashboard</Link>
    </Empty>
  );
}
