import { Button, Code, Group, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useAuthority, type Authority } from '@/entities/authority';
import { CopyButton } from '@/shared/ui/CopyButton';
import { Icon } from '@/shared/ui/icons';
import { PageState } from '@/shared/ui/PageState';
import { StatusBadge } from '@/shared/ui/StatusBadge';
import { TimeText } from '@/shared/ui/values';
import { useTexts } from './i18n';
import { Issued } from './Issued';

export function Certificates() {
  const t = useTexts();
  const authority = useAuthority();
  return (
    <Stack>
      <div>
        <Title order={2} size="h4">
          {t('authority')}
        </Title>
        <Text c="dimmed">{t('authorityText')}</Text>
      </div>
      <PageState query={authority}>
        {(data) => (
          <Stack>
            <Group>
              {data.root_key_online ? (
                <StatusBadge tone="warning" label={t('rootOnline')} />
              ) : (
                <StatusBadge tone="good" label={t('rootOffline')} />
              )}
              {data.identity === 'required' ? (
                <StatusBadge tone="good" icon="lock" label={t('identityRequired')} />
              ) : (
                <StatusBadge tone="info" label={t('identityOptional')} />
              )}
            </Group>
            <SimpleGrid cols={{ base: 1, lg: 2 }}>
              <Card title={t('root')} certificate={data.root} />
              <Card title={t('intermediate')} certificate={data.intermediate} />
            </SimpleGrid>
            <Group>
              <Button
                component="a"
                href="/api/v1/ca?form=pem"
                download="stratus-ca.pem"
                variant="default"
                leftSection={<Icon name="download" size={16} />}
              >
                {t('download')}
              </Button>
              <Button
                component="a"
                href="/api/v1/ca/crl"
                download="stratus-crl.pem"
                variant="default"
                leftSection={<Icon name="download" size={16} />}
              >
                {t('crl')}
              </Button>
              {data.revocation_list && (
                <Text size="sm">
                  {t('crlNext')} <TimeText value={data.revocation_list.next_update} style="short" />
                </Text>
              )}
            </Group>
          </Stack>
        )}
      </PageState>
      <Issued />
    </Stack>
  );
}

function Card({ title, certificate }: { title: string; certificate: Authority['root'] }) {
  const t = useTexts();
  return (
    <Paper withBorder p="md">
      <Stack gap="xs" align="flex-start">
        <Title order={3} size="h5">
          {title}
        </Title>
        <Text size="sm">
          {t('subject')}: {certificate.subject}
        </Text>
        <Text size="sm">
          {t('validUntil')}: <TimeText value={certificate.not_after} style="full" />
        </Text>
        <Text size="sm">{t('fingerprint')}:</Text>
        <Code fz={11} style={{ overflowWrap: 'anywhere' }}>
          {certificate.fingerprint}
        </Code>
        <CopyButton value={certificate.fingerprint} />
      </Stack>
    </Paper>
  );
}
