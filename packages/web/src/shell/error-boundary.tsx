import { Component, type ReactNode } from 'react';
import { failureOf } from '../api/call-failure.ts';
import { Failed } from '../states/failed.tsx';

interface Props {
  readonly children: ReactNode;
}

interface State {
  readonly error: unknown;
}

/** A fault of one screen leaves the others. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: undefined };

  static getDerivedStateFromError(error: unknown): State {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return <Failed failure={failureOf(error)} retry={() => this.setState({ error: undefined })} />;
  }
}
