import { ActionIcon, Button, Card, Group, ScrollArea, Text, Title } from '@mantine/core';
import { useNavigate } from 'react-router';
import { useContent } from '@/entities/content/api/getContent';
import { Thumbnail } from '@/entities/content/ui/Thumbnail';
import { contentPart, newRolloutPath } from '@/shared/lib/rolloutLink';
import { Icon, type IconName } from '@/shared/ui/icons';
import { useTexts } from './i18n';
import type { Chosen } from './useChosen';

/** What was chosen, with its pictures, on the way to a rollout. */
export function Playlist({ chosen }: { chosen: Chosen }) {
  const t = useTexts();
  const navigate = useNavigate();
  const count = chosen.ids.length;
  return (
    <Card withBorder component="section">
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h5">
          {t('playlist.title')}
        </Title>
        <Button
          disabled={count === 0}
          leftSection={<Icon name="rollouts" size={16} />}
          onClick={() => void navigate(newRolloutPath(chosen.ids.map(contentPart)))}
        >
          {t('playlist.deploy', { count })}
        </Button>
      </Group>
      {count === 0 && <Text c="dimmed">{t('playlist.empty')}</Text>}
      {chosen.full && <Text c="dimmed">{t('playlist.full', { count })}</Text>}
      <ScrollArea type="auto" offsetScrollbars>
        <Group component="ol" wrap="nowrap" gap="sm" p={0} m={0} style={{ listStyle: 'none' }}>
          {chosen.ids.map((id, place) => (
            <Item key={id} id={id} place={place} chosen={chosen} />
          ))}
        </Group>
      </ScrollArea>
    </Card>
  );
}

function Item({ id, place, chosen }: { id: string; place: number; chosen: Chosen }) {
  const t = useTexts();
  const { data, error } = useContent(id);
  const title = data?.content.title ?? (error ? t('playlist.unknown') : '…');
  const step = (icon: IconName, label: string, disabled: boolean, onClick: () => void) => (
    <ActionIcon size="sm" variant="default" aria-label={label} disabled={disabled} onClick={onClick}>
      <Icon name={icon} size={14} />
    </ActionIcon>
  );
  return (
    <li style={{ width: 150, flex: 'none' }}>
      <Thumbnail id={id} title="" />
      <Text size="sm" truncate title={title}>
        {place + 1}. {title}
      </Text>
      <Group gap={4}>
        {step('left', t('playlist.earlier', { title }), place === 0, () => chosen.move(id, -1))}
        {step('right', t('playlist.later', { title }), place === chosen.ids.length - 1, () => chosen.move(id, 1))}
        {step('cross', t('playlist.remove', { title }), false, () => chosen.toggle(id))}
      </Group>
    </li>
  );
}
