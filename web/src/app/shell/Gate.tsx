import { Container } from '@mantine/core';
import { Navigate, useLocation } from 'react-router';
import { topicsOf, useMe } from '@/entities/session';
import { LiveProvider } from '@/shared/live';
import { ProblemAlert } from '@/shared/ui/PageState';
import { LockScreen } from './LockScreen';
import { locked } from './locked';
import { Shell } from './Shell';
import { Starting } from './Starting';

/** Nobody signed in → /login, own password first → /login too, locked → the lock; else the shell. */
export function Gate() {
  const { pathname, search } = useLocation();
  const me = useMe();
  const isLocked = locked.use();
  if (me.data === undefined) {
    if (!me.error) return <Starting />;
    return (
      <Container py="xl" size="sm">
        <ProblemAlert error={me.error} retry={() => void me.refetch()} />
      </Container>
    );
  }
  if (me.data === null || me.data.must_change_password) {
    const next = pathname + search;
    return <Navigate to={next === '/' ? '/login' : `/login?next=${encodeURIComponent(next)}`} replace />;
  }
  if (isLocked) return <LockScreen name={me.data.name} />;
  return (
    <LiveProvider topics={topicsOf(me.data)} since={me.data.event}>
      <Shell me={me.data} />
    </LiveProvider>
  );
}
