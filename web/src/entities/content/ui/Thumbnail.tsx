import { Center, Skeleton } from '@mantine/core';
import { useState } from 'react';
import { Icon } from '@/shared/ui/icons';
import { useContentLink } from '../api/linkContent';
import classes from './Thumbnail.module.css';

/** The picture for people, in the shape of a screen. */
export function Thumbnail({ id, title }: { id: string; title: string }) {
  const { data, error } = useContentLink(id, 'original');
  const [broken, setBroken] = useState('');
  if (error || (data && broken === data.path)) {
    return (
      <Center className={classes.frame}>
        <Icon name="content" size={40} />
      </Center>
    );
  }
  if (!data) return <Skeleton className={classes.frame} />;
  return (
    <img className={classes.frame} src={data.path} alt={title} loading="lazy" onError={() => setBroken(data.path)} />
  );
}
