import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * For JUnit 5: a private copy of the database for a class of tests, as it was after each test again.
 *
 * <pre>{@code
 * @RegisterExtension
 * static final HotrowExtension db = new HotrowExtension(System.getenv("JDBC_URL"));
 * }</pre>
 */
public final class HotrowExtension implements BeforeAllCallback, AfterEachCallback, AfterAllCallback {
  private final String base;
  private HotrowFork fork;

  public HotrowExtension(String base) {
    this.base = base;
  }

  public String url() {
    return fork.url();
  }

  public Connection connect() throws SQLException {
    return fork.connect();
  }

  @Override
  public void beforeAll(ExtensionContext context) throws SQLException {
    fork = new HotrowFork(base);
  }

  @Override
  public void afterEach(ExtensionContext context) throws SQLException {
    fork.reset();
  }

  @Override
  public void afterAll(ExtensionContext context) throws SQLException {
    fork.close();
  }
}
