import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.UUID;

/**
 * A private copy of a hotrow database, over JDBC, until it is closed: HotrowExtension makes one for each class of JUnit 5; other programs
 * use it as it is.
 */
public final class HotrowFork implements AutoCloseable {
  private final String url;
  private final Connection keeper;

  /** {@code jdbc:postgresql://host:port/database?parameters}. */
  public HotrowFork(String base) throws SQLException {
    int parameters = base.indexOf('?');
    String rest = parameters < 0 ? "" : base.substring(parameters);
    String database = parameters < 0 ? base : base.substring(0, parameters);
    url = database + "%40" + UUID.randomUUID().toString().replace("-", "").substring(0, 16) + rest;
    keeper = DriverManager.getConnection(url);
  }

  /** For the program under test: every connection to it is to the same copy. */
  public String url() {
    return url;
  }

  public Connection connect() throws SQLException {
    return DriverManager.getConnection(url);
  }

  /** Everything is as it was: rows, definitions, sequences. No transaction may be open. */
  public void reset() throws SQLException {
    try (Statement statement = keeper.createStatement()) {
      statement.execute("SELECT hotrow_reset()");
    }
  }

  @Override
  public void close() throws SQLException {
    keeper.close();
  }
}
