import { Collapse, List, Stack, Text, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useCertificates } from '@/entities/device/api/getDevice';
import { formatDuration } from '@/shared/lib/format';
import { PageState } from '@/shared/ui/PageState';
import { StatusBadge, type Tone } from '@/shared/ui/StatusBadge';
import { TimeText } from '@/shared/ui/values';
import { useTexts } from '../i18n';
import { certificateHealth, type CertificateHealth, type Certificates } from '../model/certificate';
import { FactCard, Facts } from './Facts';

const TONES: Record<CertificateHealth, Tone> = {
  none: 'idle',
  revoked: 'bad',
  expired: 'bad',
  expiring: 'warning',
  valid: 'good',
};

export function CertificateCard({ id }: { id: string }) {
  const t = useTexts();
  const query = useCertificates(id);
  return (
    <FactCard title={t('certificate.title')}>
      <PageState query={query} scope="devices:read">
        {(data) => <Content data={data} />}
      </PageState>
    </FactCard>
  );
}

function Content({ data }: { data: Certificates }) {
  const t = useTexts();
  const [opened, { toggle }] = useDisclosure();
  const health = certificateHealth(data, Date.now());
  const newest = data.items.find((item) => item.state === 'active') ?? data.items[0];
  const older = data.items.filter((item) => item !== newest);
  const left = newest ? Date.parse(newest.not_after) - Date.now() : 0;
  return (
    <Stack gap="xs" align="flex-start">
      <StatusBadge
        tone={TONES[health]}
        icon={health === 'valid' ? 'shield' : undefined}
        label={t(`certificate.${health}`)}
      />
      {!newest && (
        <Text size="sm" c="dimmed">
          {t('certificate.noneText')}
        </Text>
      )}
      {newest && (
        <Facts
          rows={[
            [
              t('certificate.until'),
              <span key="until">
                <TimeText value={newest.not_after} style="short" />
                {left > 0 && ` · ${t('certificate.left', { time: formatDuration(left) })}`}
              </span>,
            ],
            [t('certificate.serial'), <code key="serial">{newest.serial}</code>],
            [
              t('certificate.fingerprint'),
              <code key="print" style={{ fontSize: 12 }}>
                {newest.fingerprint}
              </code>,
            ],
            [t('software.reason'), newest.reason],
          ]}
        />
      )}
      {older.length > 0 && (
        <>
          <UnstyledButton onClick={toggle} aria-expanded={opened}>
            <Text size="sm" td="underline">
              {t('certificate.older', { count: older.length })}
            </Text>
          </UnstyledButton>
          <Collapse expanded={opened}>
            <List size="sm">
              {older.map((one) => (
                <List.Item key={one.serial}>
                  <code>{one.serial.slice(0, 16)}</code> {t(`certificate.state.${one.state}`)}{' '}
                  <TimeText value={one.not_after} style="short" /> {one.reason}
                </List.Item>
              ))}
            </List>
          </Collapse>
        </>
      )}
    </Stack>
  );
}
