# A small Rails application's models and migrations: prints what it got. ruby activerecord.rb URL
require 'active_record'
ActiveSupport::Deprecation.silenced = true
ActiveRecord::Base.establish_connection(ARGV[0]); ActiveRecord::Migration.verbose = false
# Times and random identifiers are not the same in two runs.
def step(n); r = yield; puts "#{n} #{r.inspect}"; rescue => e; puts "#{n} ERR #{e.class} #{e.message.lines.first}"; end
step('ext') { ActiveRecord::Base.connection.enable_extension('pgcrypto'); ActiveRecord::Base.connection.extensions.sort - ['plpgsql'] }
step('schema') { ActiveRecord::Schema.define do
  create_table :users, force: true do |t| t.string :name, null: false, limit: 50; t.string :email, index: { unique: true }; t.jsonb :meta, default: {}; t.text :tags, array: true, default: []; t.decimal :price, precision: 10, scale: 2; t.date :born; t.inet :ip; t.uuid :uid, default: 'gen_random_uuid()'; t.boolean :ok, default: true, null: false; t.integer :st, default: 0; t.interval :iv; t.int4range :r; t.binary :bin; t.bigint :big; t.timestamps; t.index "lower(name)", name: 'ln'; t.check_constraint 'price >= 0', name: 'pp' end
  create_table :posts, id: :uuid, force: true do |t| t.references :user, foreign_key: { on_delete: :cascade }; t.string :title; t.integer :n; t.index [:user_id, :title], where: 'title is not null', name: 'ut', order: { title: :desc } end
  add_column :users, :extra, :integer, comment: 'c'; change_column_default :users, :extra, 5; change_column_null :users, :extra, false, 1; rename_column :users, :extra, :more; add_index :posts, :n, using: :hash
end; 'ok' }
class User < ActiveRecord::Base; has_many :posts; enum st: { a: 0, b: 1 }; end
class Post < ActiveRecord::Base; belongs_to :user; end
step('cols') { User.columns.map { |c| [c.name, c.sql_type, c.null, c.default, c.default_function, c.comment, (c.array rescue nil)] } }
step('idx') { ActiveRecord::Base.connection.indexes(:users).map { |i| [i.name, i.unique, i.columns, i.where, i.using] }.sort_by(&:to_s) }
step('idx2') { ActiveRecord::Base.connection.indexes(:posts).map { |i| [i.name, i.unique, i.columns, i.where, i.orders, i.using] }.sort_by(&:to_s) }
step('fks') { ActiveRecord::Base.connection.foreign_keys(:posts).map { |f| [f.to_table, f.column, f.on_delete] } }
step('checks') { ActiveRecord::Base.connection.check_constraints(:users).map { |c| [c.name, c.expression] } }
step('tables') { [ActiveRecord::Base.connection.tables.sort, ActiveRecord::Base.connection.views] }
step('create') { u = User.create!(name: 'Ann', email: 'a@x', meta: { a: 1 }, tags: %w[x y], price: 12.5, born: '2000-01-02', ip: '10.0.0.1', iv: 1.day, r: 1..5, bin: "\x00\xff".b, big: 2**60); u.reload; [u.id, u.meta, u.tags, u.price.to_s, u.born.to_s, u.ip.to_s, u.ok, u.st, u.iv, u.r, u.bin.bytes, u.big] }
step('dup') { User.create!(name: 'x', email: 'a@x') }
step('null') { User.create!(email: 'n@x') }
step('check') { User.create!(name: 'x', price: -1) }
step('long') { User.create!(name: 'x' * 60) }
step('rel') { u = User.first; u.posts.create!(title: 't1', n: 1); u.posts.create!(title: 't2', n: 2); User.includes(:posts).map { |x| [x.name, x.posts.map(&:title).sort] } }
step('joins') { User.left_joins(:posts).group('users.id').order('users.id').pluck('users.name', Arel.sql('count(posts.id)')) }
step('where') { [User.where("meta @> ?", '{"a":1}').count, User.where("'x' = ANY(tags)").count, User.where(born: Date.new(1999)..).count, User.b.count] }
step('calc') { [Post.sum(:n), Post.average(:n).to_s, Post.maximum(:title), Post.group(:n).count.sort] }
step('upsert') { User.upsert_all([{ name: 'Bob', email: 'a@x', created_at: Time.now, updated_at: Time.now }], unique_by: :email); User.pluck(:name) }
step('insert_all') { User.insert_all([{ name: 'I', email: 'i@x', created_at: Time.now, updated_at: Time.now }], returning: %w[name]).rows }
step('lock') { User.transaction { User.lock('FOR UPDATE SKIP LOCKED').first.name } }
step('nested') { User.transaction { User.create!(name: 'tx'); User.transaction(requires_new: true) { User.create!(name: 'sp'); raise ActiveRecord::Rollback }; User.count } }
step('iso') { User.transaction(isolation: :serializable) { User.count } }
step('advisory') { [ActiveRecord::Base.connection.get_advisory_lock(42), ActiveRecord::Base.connection.release_advisory_lock(42)] }
step('prep') { 3.times.map { |i| User.find_by(id: i)&.name } }
step('explain') { User.where(id: 1).explain.include?('EXPLAIN for') }
step('version') { ActiveRecord::Base.connection.database_version / 10000 }
step('enc') { [ActiveRecord::Base.connection.encoding, ActiveRecord::Base.connection.collation, ActiveRecord::Base.connection.current_schema, ActiveRecord::Base.connection.schema_names.sort] }
step('dump') { s = StringIO.new; ActiveRecord::SchemaDumper.dump(ActiveRecord::Base.connection, s); s.string.lines.reject { |l| l.start_with?('#') || l.include?('plpgsql') }.map(&:strip).reject(&:empty?) }
step('change') { ActiveRecord::Schema.define { change_column :users, :name, :text; remove_column :users, :more; rename_table :posts, :articles; add_reference :articles, :owner, foreign_key: { to_table: :users }, index: { algorithm: :concurrently } rescue add_reference :articles, :owner }; ActiveRecord::Base.connection.columns(:articles).map(&:name) }
step('trunc') { ActiveRecord::Base.connection.truncate_tables('users', 'articles'); ActiveRecord::Base.connection.drop_table(:articles); ActiveRecord::Base.connection.drop_table(:users, force: :cascade); ActiveRecord::Base.connection.tables.sort }
