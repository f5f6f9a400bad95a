import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Navigate, useSearchParams } from 'react-router';
import { useMe } from '@/entities/session';
import { PasswordForm } from '@/features/change-password/PasswordForm';
import { EntranceCard } from '@/features/preferences/EntranceCard';
import { api, take } from '@/shared/api/client';
import { LoadingRows, ProblemAlert } from '@/shared/ui/PageState';
import { useTexts } from './i18n';
import { SignInForm } from './SignInForm';

/** Only an address of this console: not `//elsewhere.example`, not `/\elsewhere.example`. */
export function safeNext(next: string | null): string {
  return next && /^\/(?![/\\])/.test(next) ? next : '/';
}

export default function LoginPage() {
  const t = useTexts();
  const [params] = useSearchParams();
  const me = useMe();
  const setup = useQuery({
    queryKey: ['setup'],
    queryFn: () => take(api.GET('/api/v1/setup')),
    enabled: me.data === null,
  });
  if (me.data && !me.data.must_change_password) return <Navigate to={safeNext(params.get('next'))} replace />;
  if (me.data === null && setup.data?.needed) return <Navigate to="/setup" replace />;
  if (me.data) {
    return (
      <EntranceCard title={t('chooseTitle')}>
        <Text>{t('chooseText', { name: me.data.name })}</Text>
        <PasswordForm />
      </EntranceCard>
    );
  }
  return (
    <EntranceCard title={t('title')}>
      {me.error ? (
        <ProblemAlert error={me.error} retry={() => void me.refetch()} />
      ) : me.data === undefined ? (
        <LoadingRows rows={3} />
      ) : (
        <SignInForm />
      )}
    </EntranceCard>
  );
}
