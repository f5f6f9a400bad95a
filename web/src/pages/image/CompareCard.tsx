import { Button, Card, Group, Select, Title } from '@mantine/core';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { ImageDetail } from '@/entities/image/api/listImages';
import { useTexts } from './i18n';
import { versionPath } from './VersionsCard';

export function CompareCard({ image }: { image: ImageDetail }) {
  const t = useTexts();
  const navigate = useNavigate();
  const names = image.versions.map(({ version }) => version);
  const [from, setFrom] = useState(names[1] ?? '');
  const [to, setTo] = useState(names[0] ?? '');
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="xs">
        {t('compare')}
      </Title>
      <Group align="flex-end">
        <Select
          label={t('from')}
          searchable
          allowDeselect={false}
          data={names}
          value={from}
          onChange={(value) => setFrom(value ?? '')}
        />
        <Select
          label={t('to')}
          searchable
          allowDeselect={false}
          data={names}
          value={to}
          onChange={(value) => setTo(value ?? '')}
        />
        <Button
          disabled={from === to}
          onClick={() => void navigate(`${versionPath(image.name, to)}?view=diff&from=${encodeURIComponent(from)}`)}
        >
          {t('compareAction')}
        </Button>
      </Group>
    </Card>
  );
}
