// What the extraction is measured against: a Node script of the usual kind. It reads the whole
// dump with JSON.parse, keeps the allowed tables and columns, maps the ids with a keyed hash,
// replaces texts and writes the dataset. It does less than `extract`: it checks nothing, makes no
// texts of the same length, and audits nothing.
//
// node extract.mjs DUMP OUTPUT
import { createHmac } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const [input, output] = process.argv.slice(2);
const KEY = Buffer.alloc(32, 7);
const TABLES = [
  'puzzle_work_profile', 'custom_world_profile', 'match3d_work_profile',
  'square_hole_work_profile', 'big_fish_work_profile', 'visual_novel_work_profile',
];
const IDS = {
  profile_id: 'profile', work_id: 'work', owner_user_id: 'user', public_work_code: 'code',
  author_public_user_code: 'author-code', author_display_name: 'author', cover_asset_id: 'asset',
};
const TEXTS = ['work_title', 'work_description', 'level_name', 'summary', 'title', 'world_name', 'subtitle', 'summary_text'];
const KEPT = ['publication_status', 'publish_ready', 'play_count', 'like_count', 'remix_count', 'created_at', 'updated_at', 'published_at', 'theme_mode'];

const known = new Map();
function token(domain, value) {
  const key = `${domain}:${value}`;
  let found = known.get(key);
  if (found === undefined) {
    found = `${domain}-${createHmac('sha256', KEY).update(key).digest('hex').slice(0, 16)}`;
    known.set(key, found);
  }
  return found;
}
function plain(value) {
  if (value === null || typeof value !== 'object') return value;
  if ('some' in value) return plain(value.some);
  if ('none' in value) return null;
  const keys = Object.keys(value);
  return keys.length === 1 && keys[0].startsWith('__') ? value[keys[0]] : value;
}
function path(value) {
  return value.split('?')[0].replace(/[^/.]*\d[^/.]*/g, (part) => token('asset', part));
}
function levels(text) {
  const mapped = JSON.parse(text).map((level) => ({
    level_id: token('level', level.level_id),
    level_name: '某'.repeat(level.level_name.length),
    cover_image_src: path(level.cover_image_src),
    cover_asset_id: token('asset', level.cover_asset_id),
  }));
  return JSON.stringify(mapped);
}
function clean(row) {
  const out = {};
  for (const [column, raw] of Object.entries(row)) {
    const value = plain(raw);
    if (value === null) out[column] = null;
    else if (column in IDS) out[column] = token(IDS[column], value);
    else if (TEXTS.includes(column)) out[column] = '某'.repeat(value.length);
    else if (KEPT.includes(column)) out[column] = value;
    else if (column === 'cover_image_src') out[column] = path(value);
    else if (column === 'levels_json') out[column] = levels(value);
    else if (column === 'theme_tags_json' || column === 'tags_json') {
      out[column] = JSON.stringify(JSON.parse(value).map((tag) => '某'.repeat(tag.length)));
    }
  }
  return out;
}

const dump = JSON.parse(readFileSync(input, 'utf8'));
const tables = {};
for (const { name, rows } of dump.tables) {
  if (TABLES.includes(name)) tables[name] = rows.map(clean);
}
const works = Object.entries(tables).flatMap(([table, rows]) =>
  rows.map((row) => ({ table, profileId: row.profile_id, ownerUserId: row.owner_user_id })));
writeFileSync(output, JSON.stringify({ tables, normalizedWorks: works }));
