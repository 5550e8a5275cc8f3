import type { IncomingHttpHeaders } from 'node:http';
import type { AgentAddress, AgentConnection, FleetMaterial, ShownCertificate } from './connect.ts';

/** Open connections to agents on which nothing is asked at the moment. Each is used by one call at a time. */
export interface KeptConnections extends Disposable {
  /**
   * A connection that may be used for what it was opened for: by the same certificates, to a host that showed its newest one, which is
   * judged again as at its opening. Undefined when there is none.
   */
  take(agent: AgentAddress, material: FleetMaterial): Promise<AgentConnection | undefined>;
  /** Keeps a connection on which an answer was read to its end, as long as the agent says that it does; closes it otherwise. */
  keep(
    agent: AgentAddress,
    material: FleetMaterial,
    used: { readonly connection: AgentConnection; readonly headers: IncomingHttpHeaders },
  ): void;
}

interface Kept {
  readonly agent: AgentAddress;
  readonly caPem: string;
  readonly clientPem: string;
  readonly connection: AgentConnection;
  /** From now on it may be idle as long as it likes. */
  readonly release: () => void;
}

/** Some 32 MB of memory. */
const MAX_KEPT = 500;
const MAX_PER_HOST = 2;
const MAX_IDLE_MS = 60_000;
/** So that a request is not sent while the agent closes. */
const EARLIER_MS = 2_000;

/** How long a connection may be idle, as the agent says it; 0 is not at all. */
export function idleTimeMs(header: string | undefined): number {
  const seconds = Number(/^timeout=(\d{1,6})\b/.exec(header ?? '')?.[1] ?? 0);
  return Math.min(Math.max(0, seconds * 1_000 - EARLIER_MS), MAX_IDLE_MS);
}

function isFor(kept: Kept, agent: AgentAddress, { caPem, client }: FleetMaterial): boolean {
  return (
    kept.agent.fqdn === agent.fqdn &&
    kept.agent.ipAddress === agent.ipAddress &&
    kept.agent.port === agent.port &&
    kept.caPem === caPem &&
    kept.clientPem === client.certificatePem
  );
}

function isOpen({ connection: { socket } }: Kept): boolean {
  return !socket.destroyed && socket.writable && socket.readableLength === 0;
}

async function isBelieved(shown: ShownCertificate, material: FleetMaterial): Promise<boolean> {
  const { revoked, known } = await material.judge(shown);
  return !revoked && known && material.isNewest(shown);
}

/** An empty set of connections; disposing closes all. */
export function createKeptConnections(): KeptConnections {
  /** The one that was used longest ago first. */
  const all = new Set<Kept>();
  let isClosed = false;
  const drop = (kept: Kept): void => {
    all.delete(kept);
    kept.release();
    kept.connection.socket.destroy();
  };
  const of = (hostId: string): Kept[] => [...all].filter(({ agent }) => agent.hostId === hostId);
  return {
    async take(agent, material) {
      for (const kept of of(agent.hostId).reverse()) {
        // Nobody else takes it while it is judged.
        if (!all.delete(kept)) continue;
        const { connection } = kept;
        const { shown } = connection;
        try {
          const isGood = isFor(kept, agent, material) && (await isBelieved(shown, material));
          if (isGood && isOpen(kept) && !isClosed) {
            kept.release();
            return connection;
          }
        } catch (error) {
          drop(kept);
          throw error;
        }
        drop(kept);
      }
      return undefined;
    },
    keep(agent, material, { connection, headers }) {
      const { socket } = connection;
      const idleMs = idleTimeMs(headers['keep-alive']?.toString());
      const onTimeout = (): void => drop(kept);
      const onClose = (): void => void all.delete(kept);
      const kept: Kept = {
        agent,
        connection,
        caPem: material.caPem,
        clientPem: material.client.certificatePem,
        release: () => socket.setTimeout(0).off('timeout', onTimeout).off('close', onClose).ref(),
      };
      if (idleMs === 0 || isClosed || !isOpen(kept)) return drop(kept);
      const before = of(agent.hostId);
      for (const old of before.slice(0, Math.max(0, before.length - MAX_PER_HOST + 1))) drop(old);
      const [oldest] = all;
      if (all.size >= MAX_KEPT && oldest) drop(oldest);
      all.add(kept);
      socket.setTimeout(idleMs).on('timeout', onTimeout).on('close', onClose).unref();
    },
    [Symbol.dispose]() {
      isClosed = true;
      for (const kept of all) drop(kept);
    },
  };
}
