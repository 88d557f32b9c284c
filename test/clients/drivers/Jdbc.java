import java.sql.*;
import java.util.UUID;
import org.postgresql.PGConnection;

/** PostgreSQL's JDBC driver: what DatabaseMetaData asks of the catalog, batches, cursors, server-side statements, updatable results, COPY. */
public class Jdbc {
  static void print(String what, ResultSet rows) throws SQLException {
    ResultSetMetaData columns = rows.getMetaData();
    System.out.println(what);
    while (rows.next()) {
      StringBuilder line = new StringBuilder(" ");
      for (int i = 1; i <= columns.getColumnCount(); i++) {
        String name = columns.getColumnName(i).toUpperCase();
        // The name of the database, and sizes that depend on how rows are stored.
        if (name.endsWith("_CAT") || name.equals("PAGES") || name.equals("CARDINALITY")) continue;
        line.append(' ').append(name).append('=').append(rows.getString(i));
      }
      System.out.println(line);
    }
    rows.close();
  }

  public static void main(String[] args) throws Exception {
    Connection c = DriverManager.getConnection("jdbc:" + args[0]);
    Statement s = c.createStatement();
    s.execute("CREATE SCHEMA jd; SET search_path = jd; CREATE TYPE mood AS ENUM ('a', 'b');"
        + "CREATE TABLE p (id serial PRIMARY KEY, name varchar(20) NOT NULL DEFAULT 'x', n numeric(10,2), t timestamptz, d date,"
        + " arr int[], j jsonb, b bytea, m mood, u uuid, f float8, bo boolean);"
        + "CREATE TABLE ch (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, pid int REFERENCES p (id) ON DELETE CASCADE, x int UNIQUE);"
        + "CREATE VIEW v AS SELECT id, name FROM p; CREATE INDEX pix ON p (name, n DESC);"
        + "COMMENT ON TABLE p IS 'hello'; COMMENT ON COLUMN p.name IS 'called'");
    DatabaseMetaData about = c.getMetaData();
    System.out.println(about.getDatabaseProductName() + " " + about.getDatabaseMajorVersion());
    print("tables", about.getTables(null, "jd", "%", new String[] {"TABLE", "VIEW", "SEQUENCE"}));
    print("columns", about.getColumns(null, "jd", "%", "%"));
    print("primary key", about.getPrimaryKeys(null, "jd", "p"));
    print("imported keys", about.getImportedKeys(null, "jd", "ch"));
    print("exported keys", about.getExportedKeys(null, "jd", "p"));
    print("indexes", about.getIndexInfo(null, "jd", "p", false, false));
    print("rights", about.getTablePrivileges(null, "jd", "p"));
    print("row identifier", about.getBestRowIdentifier(null, "jd", "p", DatabaseMetaData.bestRowSession, true));
    c.setAutoCommit(false);
    PreparedStatement insert = c.prepareStatement(
        "INSERT INTO p (name, n, t, d, arr, j, b, m, u, f, bo) VALUES (?, ?, ?, ?, ?, ?::jsonb, ?, ?::mood, ?, ?, ?)",
        Statement.RETURN_GENERATED_KEYS);
    for (int i = 0; i < 500; i++) {
      insert.setString(1, "n" + i);
      insert.setBigDecimal(2, new java.math.BigDecimal("1.25"));
      insert.setTimestamp(3, new Timestamp(1700000000000L));
      insert.setDate(4, Date.valueOf("2024-01-01"));
      insert.setArray(5, c.createArrayOf("int4", new Integer[] {1, null, 3}));
      insert.setString(6, "{\"a\": 1}");
      insert.setBytes(7, new byte[] {1, 2});
      insert.setString(8, "a");
      insert.setObject(9, new UUID(0, 1));
      insert.setDouble(10, 1.5);
      insert.setBoolean(11, true);
      insert.addBatch();
    }
    System.out.println(insert.executeBatch().length);
    ResultSet keys = insert.getGeneratedKeys();
    keys.next();
    System.out.println(keys.getInt(1));
    c.commit();
    PreparedStatement some = c.prepareStatement("SELECT * FROM p WHERE id > ? ORDER BY id");
    some.setFetchSize(50);
    some.setInt(1, 10);
    ResultSet rows = some.executeQuery();
    int count = 0;
    while (rows.next()) {
      if (count++ > 0) continue;
      System.out.println(rows.getArray("arr") + " " + rows.getObject("u") + " " + rows.getTimestamp("t").getTime() + " "
          + rows.getBytes("b").length + " " + rows.getObject("n") + " " + rows.getObject("m"));
    }
    System.out.println(count);
    // From its fifth use on a statement is the server's, and its results are binary.
    for (int i = 0; i < 8; i++) {
      PreparedStatement one = c.prepareStatement("SELECT count(*) FROM p WHERE name = ? AND d >= ?");
      one.setString(1, "n5");
      one.setDate(2, Date.valueOf("2020-01-01"));
      ResultSet answer = one.executeQuery();
      answer.next();
      System.out.print(answer.getLong(1) + " ");
      one.close();
    }
    System.out.println();
    Savepoint savepoint = c.setSavepoint();
    try {
      s.execute("INSERT INTO ch (pid) VALUES (99999)");
    } catch (SQLException error) {
      System.out.println(error.getSQLState());
      c.rollback(savepoint);
    }
    Statement updatable = c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE);
    ResultSet four = updatable.executeQuery("SELECT id, name FROM p WHERE id < 5 ORDER BY id");
    four.absolute(2);
    four.updateString("name", "updated");
    four.updateRow();
    c.commit();
    print("updated", s.executeQuery("SELECT id, name FROM p WHERE id < 4 ORDER BY id"));
    PGConnection own = c.unwrap(PGConnection.class);
    System.out.println(own.getCopyAPI().copyIn("COPY ch (pid, x) FROM STDIN CSV", new java.io.StringReader("1,1\n2,2\n")));
    ResultSetMetaData of = s.executeQuery("SELECT id, name n2, n FROM p").getMetaData();
    for (int i = 1; i <= 3; i++)
      System.out.println(of.getColumnName(i) + " " + of.getTableName(i) + " " + of.getColumnTypeName(i) + " " + of.getPrecision(i)
          + " " + of.getScale(i) + " " + of.isAutoIncrement(i) + " " + of.isNullable(i));
    ParameterMetaData in = c.prepareStatement("INSERT INTO p (name, n, m) VALUES (?, ?, ?)").getParameterMetaData();
    System.out.println(in.getParameterTypeName(1) + " " + in.getParameterTypeName(2) + " " + in.getParameterTypeName(3));
    s.execute("LISTEN q; NOTIFY q, 'x'");
    c.commit();
    System.out.println(own.getNotifications(5000).length);
    System.out.println(c.isValid(5) + " " + c.getTransactionIsolation() + " " + c.getSchema());
    c.commit();
    c.setReadOnly(true);
    try {
      s.execute("DELETE FROM ch");
    } catch (SQLException error) {
      System.out.println(error.getSQLState());
    }
    c.rollback();
    c.close();
  }
}
