import { init } from 'firstglance';

export const firstglance = init({ src: 'https://data.example.nl/fg.js', site: 'my-shop' });
